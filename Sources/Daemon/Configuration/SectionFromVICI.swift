import IKEWire
import SwanConf
import VICI

extension Section {
    /// The settings that a `load-conn` brings: the same keys as in a file, lists as lists.
    convenience init(name: String, _ message: VICIMessage) {
        var settings: [Setting] = []
        var sections: [Section] = []
        for entry in message.entries {
            switch entry.element {
            case .value(let bytes):
                settings.append(Setting(key: entry.name, value: .text(Self.text(bytes))))
            case .list(let items):
                let texts = items.map { Self.text($0) }
                settings.append(Setting(key: entry.name, value: .list(texts)))
            case .section(let section):
                sections.append(Section(name: entry.name, section))
            }
        }
        self.init(name: name, settings: settings, sections: sections)
    }

    /// A certificate comes as its octets, which a configuration writes behind `0x`.
    private static func text(_ octets: [UInt8]) -> String {
        String(validating: octets, as: UTF8.self) ?? "0x" + hexadecimal(octets)
    }
}
