package import Foundation

/// The published test vectors of `Tests/Vectors`; the README there says where each comes from.
package enum Vectors {
    /// The content of a file, by its path within `Tests/Vectors`: `wycheproof/aes_gcm_test.json`.
    package static func data(_ path: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: path))
    }

    /// A JSON file, decoded as the type that is wanted.
    package static func json<T: Decodable>(_ path: String, as type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: data(path))
    }

    /// The files of a folder, as paths that `data` takes, in the order of their names.
    package static func files(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path())
            .sorted()
            .map { "\(path)/\($0)" }
    }

    /// Found from this source file, so that tests run from any working directory and need no bundled resources.
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")
}
