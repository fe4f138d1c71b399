package import IKEWire
package import Inet

/// An IKE SA as people see it: a value for tables, events and metrics.
package struct IKESASummary: Sendable {
    package enum State: String, Hashable, Sendable {
        case connecting = "CONNECTING"
        case established = "ESTABLISHED"
        case rekeying = "REKEYING"
        case rekeyed = "REKEYED"
        case deleting = "DELETING"
    }

    package let id: UInt32
    package let connection: String?
    package let state: State
    package let role: Role
    package let spiI: IKESPI
    package let spiR: IKESPI
    package let local: SocketAddress
    package let remote: SocketAddress
    package let localIdentity: Identification?
    package let remoteIdentity: Identification?
    package let localAuthentication: AuthenticationKind?
    package let remoteAuthentication: AuthenticationKind?
    /// What EAP proved, where it was used.
    package let eap: EAPOutcome?
    /// What further rounds of authentication proved.
    package let laterRounds: [LaterRound]
    /// Addresses inside the tunnel that were assigned to us, and to the peer.
    package let localVirtual: [IPAddress]
    package let remoteVirtual: [IPAddress]
    /// What an authentication server granted the peer, and accounting returns to it.
    package let grant: ServerGrant?
    /// Whom the peer says to ask for names.
    package let dns: InnerDNS
    package let proposal: Proposal?
    package let nat: NATStatus
    /// How long its negotiation took, where it was not made by rekeying.
    package let negotiationTime: Duration?
    /// How long it has been established.
    package let age: Duration?
    package let timeToRekey: Duration?
    package let timeToExpiry: Duration?
    /// Until we authenticate again.
    package let timeToReauthentication: Duration?
    /// The hard lifetime that it began with.
    package let lifetime: Duration?
    package let retransmissions: Int
    package let children: [ChildSASummary]
}

/// A CHILD SA as people see it; traffic counters are the data plane's to add.
package struct ChildSASummary: Sendable {
    package let childSA: ChildSA
    /// INSTALLED, REKEYING, REKEYED or DELETING.
    package let state: String
    package let age: Duration
    package let timeToRekey: Duration?
    package let timeToExpiry: Duration?
}

extension IKESA {
    func summary(_ now: Instant) -> IKESASummary { summary(now, established) }

    /// - Parameter established: taken out of the state once, and looked into where it is, since each copy of what an SA holds costs.
    private func summary(_ now: Instant, _ established: Established?) -> IKESASummary {
        let unfinished = established == nil ? connection : nil
        return IKESASummary(
            id: id,
            connection: established?.peer.connection.name ?? unfinished?.name,
            state: summaryState(established),
            role: role,
            spiI: spiI,
            spiR: spiR,
            local: local,
            remote: remote,
            localIdentity: established?.peer.localIdentity ?? unfinished?.local.identity,
            remoteIdentity: established?.peer.remoteIdentity ?? unfinished?.remote.identity,
            localAuthentication: established?.peer.connection.local.kind ?? unfinished?.local.kind,
            remoteAuthentication: established?.peer.connection.remote.kind ?? unfinished?.remote.kind,
            eap: established?.peer.eap,
            laterRounds: established?.peer.laterRounds ?? [],
            localVirtual: established?.peer.inner.local ?? [],
            remoteVirtual: established?.peer.inner.remote ?? [],
            grant: established?.peer.grant,
            dns: established?.peer.inner.dns ?? InnerDNS(),
            proposal: established?.security.proposal ?? security?.proposal,
            nat: nat,
            negotiationTime: established.map { $0.since - begunAt },
            age: established.map { now - $0.since },
            timeToRekey: established?.rekeyAt.map { $0 - now },
            timeToExpiry: established?.expiresAt.map { $0 - now },
            timeToReauthentication: established?.origin.renewAt.map { $0 - now },
            lifetime: (established?.peer.connection.lifetime ?? unfinished?.lifetime)?.hard,
            retransmissions: window.retransmissions,
            children: children.map { entry in
                ChildSASummary(
                    childSA: entry.childSA,
                    state: entry.state.rawValue,
                    age: now - entry.childSA.installedAt,
                    timeToRekey: entry.childSA.rekeyAt.map { $0 - now },
                    timeToExpiry: entry.childSA.expiresAt.map { $0 - now }
                )
            }
        )
    }

    private func summaryState(_ established: Established?) -> IKESASummary.State {
        switch stage {
        case .connecting, .halfOpen, .authenticating, .contending: .connecting
        case .established: established?.ongoing.rekeyIKE == nil ? .established : .rekeying
        case .superseded: .rekeyed
        case .withdrawing, .deleting, .closed: .deleting
        }
    }
}

extension NATStatus: CustomStringConvertible {
    package var description: String {
        switch (isLocalBehindNAT, isRemoteBehindNAT, isForced) {
        case (true, true, _): "both ends behind NAT"
        case (true, false, _): "we are behind NAT"
        case (false, true, _): "the peer is behind NAT"
        case (false, false, true): "UDP encapsulation forced"
        case (false, false, false): "no NAT"
        }
    }
}
