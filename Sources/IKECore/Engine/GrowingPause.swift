/// The pause before another try: it doubles with each that has failed, up to a limit, so that what stays away for long is not asked
/// often and what comes back is noticed soon.
package struct GrowingPause: Sendable {
    package let first: Duration
    /// No pause is longer, unless already the first one is.
    package let longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// More doublings than any limit leaves room for.
    private static let mostDoublings = 20

    /// The pause after so many tries, counted from 1.
    package func after(tries: some BinaryInteger) -> Duration {
        var pause = first
        let doublings = min(max(1, Int(clamping: tries)) - 1, Self.mostDoublings)
        for _ in 0..<doublings where pause < longest { pause = min(pause * 2, longest) }
        return pause
    }
}
