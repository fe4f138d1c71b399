/// A row of small bars, one for each sample, the latest at the right end.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")
    private static let marks = Array("_.:-=+*#")

    /// - Parameter width: how many columns there are; fewer samples leave the left end empty.
    static func text(_ samples: [Double], width: Int, palette: Palette) -> String {
        let levels = palette.hasUnicode ? bars : marks
        let shown = samples.suffix(max(width, 0))
        let most = shown.max() ?? 0
        let text = shown.map { sample -> Character in
            guard most > 0, sample > 0 else { return levels[0] }
            // The least that is not nothing is told apart from nothing.
            let level = 1 + Int((sample / most * Double(levels.count - 2)).rounded())
            return levels[min(max(level, 1), levels.count - 1)]
        }
        return String(repeating: " ", count: max(width - text.count, 0)) + String(text)
    }
}
