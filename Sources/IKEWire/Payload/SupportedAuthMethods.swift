// SUPPORTED_AUTH_METHODS: how an end lets its peer prove who it is, the preferred way first (RFC 9593 section 3). The notify's data is
// a row of announcements:
//
//     | length        | method        |                                   what needs no certificate
//     | length        | method        | authority     |                   signatures of one kind
//     | length        | method        | authority     | algorithm ...     the digital signature of RFC 7427
//
// The length is the announcement's own.

/// One way of proving an identity that an end takes.
package struct AuthMethodAnnouncement: Hashable, Sendable {
    package var method: AuthenticationMethod
    /// For whose certificates it is taken: a place, from 1 on, in the list of authorities that the CERTREQ payloads of the same
    /// message make; 0: for everybody's. Nil where there is no certificate.
    package var authority: UInt8?
    /// The AlgorithmIdentifier of a digital signature in DER, else empty.
    package var algorithm: [UInt8]

    package init(_ method: AuthenticationMethod, authority: UInt8? = nil, algorithm: [UInt8] = []) {
        self.method = method
        self.authority = authority
        self.algorithm = algorithm
    }
}

extension Notify {
    /// Announcements that are longer than their length can say are left out.
    package static func supportedAuthMethods(_ announcements: [AuthMethodAnnouncement]) -> Notify {
        let data = announcements.flatMap { announcement -> [UInt8] in
            let link = announcement.authority ?? (announcement.algorithm.isEmpty ? nil : 0)
            let content = [announcement.method.rawValue] + (link.map { [$0] } ?? []) + announcement.algorithm
            return UInt8(exactly: content.count + 1).map { [$0] + content } ?? []
        }
        return Notify(.supportedAuthMethods, data: data)
    }

    /// Nil for another type of notify, and for one whose lengths do not add up, which says nothing for certain.
    package var supportedAuthMethods: [AuthMethodAnnouncement]? {
        guard type == .supportedAuthMethods else { return nil }
        var announcements: [AuthMethodAnnouncement] = []
        var rest = data[...]
        while let length = rest.first.map(Int.init) {
            guard length >= 2, length <= rest.count else { return nil }
            let content = rest.prefix(length).dropFirst()
            announcements.append(
                AuthMethodAnnouncement(
                    AuthenticationMethod(rawValue: content.first ?? 0),
                    authority: content.dropFirst().first,
                    algorithm: Array(content.dropFirst(2))
                )
            )
            rest = rest.dropFirst(length)
        }
        return announcements
    }
}
