package import Inet

/// What a user has used, for the server that keeps account of it (RFC 2866, RFC 2869 section 5).
package struct AccountingRecord: Sendable {
    /// `Acct-Status-Type`.
    package enum Status: Sendable {
        case start
        case interim
        case stop(TerminateCause)
    }

    /// Octets and packets so far. Input is what the user has sent, output what the user has got.
    package struct Usage: Hashable, Sendable {
        package var inputOctets: UInt64
        package var outputOctets: UInt64
        package var inputPackets: UInt64
        package var outputPackets: UInt64

        package init(
            inputOctets: UInt64 = 0,
            outputOctets: UInt64 = 0,
            inputPackets: UInt64 = 0,
            outputPackets: UInt64 = 0
        ) {
            self.inputOctets = inputOctets
            self.outputOctets = outputOctets
            self.inputPackets = inputPackets
            self.outputPackets = outputPackets
        }
    }

    package let status: Status
    /// The same in all records of a session and in no other.
    package let sessionID: String
    package let session: AccessSession
    package let userName: [UInt8]
    package let classes: [[UInt8]]
    /// Addresses that the user has in the tunnel.
    package let framedAddresses: [IPAddress]
    /// How long the session has lasted.
    package let duration: Duration
    package let usage: Usage
    /// When it is said, in seconds since 1970.
    package let timestamp: UInt32

    package init(
        status: Status,
        sessionID: String,
        session: AccessSession,
        userName: [UInt8],
        classes: [[UInt8]],
        framedAddresses: [IPAddress],
        duration: Duration,
        usage: Usage,
        timestamp: UInt32
    ) {
        self.status = status
        self.sessionID = sessionID
        self.session = session
        self.userName = userName
        self.classes = classes
        self.framedAddresses = framedAddresses
        self.duration = duration
        self.usage = usage
        self.timestamp = timestamp
    }

    /// `Acct-Authentic`: the user was authenticated by RADIUS.
    private static let byRADIUS: UInt32 = 1

    package var attributes: [Attribute] {
        [
            Attribute(.accountingStatusType, number: status.number),
            Attribute(.accountingSessionID, text: sessionID),
            Attribute(.accountingAuthentic, number: Self.byRADIUS),
            Attribute(.eventTimestamp, number: timestamp),
        ] + session.attributes
            + [Attribute(.userName, userName)].filter { !$0.value.isEmpty }
            + classes.map { Attribute(.accountingClass, $0) }
            + framedAddresses.map { Attribute($0.family == .v4 ? .framedIPAddress : .framedIPv6Address, $0.bytes) }
            + used
    }

    private var used: [Attribute] {
        let seconds = Attribute(
            .accountingSessionTime,
            number: UInt32(clamping: duration.components.seconds)
        )
        let amounts =
            Self.octets(usage.inputOctets, .accountingInputOctets, .accountingInputGigawords)
            + Self.octets(usage.outputOctets, .accountingOutputOctets, .accountingOutputGigawords)
            + [
                Attribute(.accountingInputPackets, number: UInt32(truncatingIfNeeded: usage.inputPackets)),
                Attribute(.accountingOutputPackets, number: UInt32(truncatingIfNeeded: usage.outputPackets)),
                seconds,
            ]
        switch status {
        case .start: return []
        case .interim: return amounts
        case .stop(let cause): return amounts + [Attribute(.accountingTerminateCause, number: cause.rawValue)]
        }
    }

    /// The low 32 bits, and how often they have run over (RFC 2869 section 5.1 and 5.2).
    private static func octets(_ count: UInt64, _ low: AttributeType, _ gigawords: AttributeType) -> [Attribute] {
        [
            Attribute(low, number: UInt32(truncatingIfNeeded: count)),
            Attribute(gigawords, number: UInt32(truncatingIfNeeded: count >> 32)),
        ]
    }
}

extension AccountingRecord.Status {
    fileprivate var number: UInt32 {
        switch self {
        case .start: 1
        case .stop: 2
        case .interim: 3
        }
    }
}

/// Why a session has ended (RFC 2866 section 5.10).
package struct TerminateCause: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The user has asked for it.
    package static let userRequest = Self(rawValue: 1)
    /// The user cannot be reached any more.
    package static let lostService = Self(rawValue: 3)
    package static let sessionTimeout = Self(rawValue: 5)
    /// Somebody here has ended the session.
    package static let adminReset = Self(rawValue: 6)
    /// Somebody here is ending everything.
    package static let adminReboot = Self(rawValue: 7)
}
