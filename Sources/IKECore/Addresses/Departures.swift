import Inet

/// The addresses whose holders are gone, the longest gone first.
///
/// Who comes back, or loses an address, is not searched for here: the ticket of that departure is void from then on, which
/// the caller tells, and void tickets are thrown out before they outnumber the others.
struct Departures {
    struct Ticket: Equatable {
        let address: IPAddress
        fileprivate let number: UInt64
    }

    private var queue: [Ticket] = []
    /// The first ticket that was not taken yet.
    private var head = 0
    private var count: UInt64 = 0

    /// A holder goes.
    mutating func append(_ address: IPAddress) -> Ticket {
        count += 1
        let ticket = Ticket(address: address, number: count)
        queue.append(ticket)
        return ticket
    }

    /// The address that was left the longest time ago.
    mutating func popFirst(_ isValid: (Ticket) -> Bool) -> IPAddress? {
        while head < queue.count {
            let ticket = queue[head]
            head += 1
            if isValid(ticket) { return ticket.address }
        }
        queue = []
        head = 0
        return nil
    }

    /// All of them, the longest gone first.
    func addresses(_ isValid: (Ticket) -> Bool) -> [IPAddress] {
        queue[head...].filter(isValid).map(\.address)
    }

    /// Throws void tickets out once they are in the majority.
    ///
    /// - Parameter valid: how many are not void.
    mutating func tidy(valid: Int, _ isValid: (Ticket) -> Bool) {
        guard queue.count > 2 * valid + 64 else { return }
        queue = queue[head...].filter(isValid)
        head = 0
    }
}
