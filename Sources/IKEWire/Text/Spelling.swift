/// Finds the word that was probably meant: keywords of proposals, settings, commands.
///
/// It stands down here since everything that reads what people write can reach it.
package enum Spelling {
    /// The candidate nearest to a misspelt word, or nil when none is near.
    ///
    /// Letter case and `-` for `_` count as nothing; beyond that at most one edit in three letters is forgiven,
    /// so that a suggestion is more often right than startling.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let folded = fold(word)
        // Distances are quadratic, and no key is anywhere near this long.
        guard folded.count <= longestWord else { return nil }
        let tolerance = max(1, folded.count / 3)
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let distance = editDistance(folded, fold(candidate))
            if distance <= tolerance, distance < best?.distance ?? Int.max {
                best = (distance, candidate)
            }
        }
        return best?.candidate
    }

    private static let longestWord = 64

    private static func fold(_ word: String) -> [UInt8] {
        word.utf8.map { octet in
            switch octet {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): octet | 0x20
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            default: octet
            }
        }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                let substitution = last[j] + (a[i] == b[j] ? 0 : 1)
                var distance = min(substitution, last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    distance = min(distance, beforeLast[j - 1] + 1)
                }
                row.append(distance)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
