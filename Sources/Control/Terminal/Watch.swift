import Glibc

/// Draws something every second until a signal ends it, on a screen of its own that leaves the terminal as it was.
///
/// The signals are not handled but waited for, so that nothing runs at a moment when it must not: the pause between two
/// drawings is the wait.
struct Watch {
    private let console: Console
    private let interval = timespec(tv_sec: 1, tv_nsec: 0)

    init(_ console: Console) {
        self.console = console
    }

    /// Calls `draw` with the columns of the terminal, every second and when the window changes its size.
    ///
    /// Without a terminal each drawing is printed below the last, which suits a file or a pipe.
    func run(_ draw: (_ columns: Int?) throws(Failure) -> [String]) throws(Failure) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP] { sigaddset(&signals, signal) }
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        enter()
        defer {
            leave()
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        while true {
            show(try draw(console.size?.columns))
            var pause = interval
            switch sigtimedwait(&signals, nil, &pause) {
            case SIGTSTP:
                leave()
                raise(SIGSTOP)
                enter()
            case SIGWINCH: continue
            case let signal where signal > 0: return
            default: continue
            }
        }
    }

    private func enter() {
        // The alternative screen, without a cursor.
        if console.isTerminal { console.write("\u{1b}[?1049h\u{1b}[?25l") }
    }

    private func leave() {
        if console.isTerminal { console.write("\u{1b}[?25h\u{1b}[?1049l") }
    }

    private func show(_ lines: [String]) {
        guard let size = console.size else { return console.print(lines.joined(separator: "\n")) }
        var shown = lines
        if lines.count > size.rows {
            let room = max(size.rows - 1, 0)
            let more = "\(Quantities.count(lines.count - room, "more line")); --short or a NAME shows less"
            shown = lines.prefix(room) + [console.palette.paint(Columns.clip(more, to: size.columns), .quiet)]
        }
        // From the top left corner, each line over the old one, and then clear what is left: nothing flickers.
        let frame = shown.joined(separator: "\u{1b}[K\r\n")
        console.write("\u{1b}[H\(frame)\u{1b}[K\u{1b}[J")
    }
}
