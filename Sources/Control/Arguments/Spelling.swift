/// Finds the word that was probably meant.
enum Spelling {
    /// The candidate with the fewest wrong letters, if no more than about one in three is wrong.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let tolerance = max(word.count / 3, 1)
        return
            candidates
            .map { (candidate: $0, distance: distance(Array(word.lowercased()), Array($0.lowercased()))) }
            .filter { $0.distance <= tolerance }
            .min { $0.distance < $1.distance }?
            .candidate
    }

    /// How many letters must be put in, taken out or changed to make one word of the other; a swap of two neighbours is
    /// two changes.
    private static func distance(_ from: [Character], _ to: [Character]) -> Int {
        var row = Array(0...to.count)
        for (i, letter) in from.enumerated() {
            var diagonal = i
            row[0] = i + 1
            for (j, other) in to.enumerated() {
                let change = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, diagonal + 1, row[j] + 1)
            }
        }
        return row[to.count]
    }
}
