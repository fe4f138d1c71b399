import Inet
import Testing

import ESP

@Suite struct TrafficClassTests {
    /// RFC 6040 figure 4, one row for each inner mark; nil is <drop>, "!" marks what the figure does.
    static let figure4: [(inner: ECN, outer: ECN, result: ECN?, isUnexpected: Bool)] = [
        (.notECT, .notECT, .notECT, false), (.notECT, .ect0, .notECT, true),
        (.notECT, .ect1, .notECT, true), (.notECT, .ce, nil, true),
        (.ect0, .notECT, .ect0, false), (.ect0, .ect0, .ect0, false),
        (.ect0, .ect1, .ect1, false), (.ect0, .ce, .ce, false),
        (.ect1, .notECT, .ect1, false), (.ect1, .ect0, .ect1, true),
        (.ect1, .ect1, .ect1, false), (.ect1, .ce, .ce, false),
        (.ce, .notECT, .ce, false), (.ce, .ect0, .ce, false),
        (.ce, .ect1, .ce, true), (.ce, .ce, .ce, false),
    ]

    @Test func marksLeaveTheTunnelByFigure4OfRFC6040() {
        #expect(Set(Self.figure4.map { [$0.inner, $0.outer] }).count == 16)
        for (inner, outer, result, isUnexpected) in Self.figure4 {
            let expected: ECN.Decapsulation =
                switch (result, isUnexpected) {
                case (nil, _): .drop
                case (let ecn?, true): .forwardUnexpected(ecn)
                case (let ecn?, false): .forward(ecn)
                }
            #expect(inner.decapsulated(outer: outer) == expected, "inner \(inner), outer \(outer)")
        }
    }

    @Test(arguments: ECN.allCases)
    func marksEnterTheTunnelByFigure3OfRFC6040(ecn: ECN) {
        let inner = TrafficClass(dscp: 0, ecn: ecn)
        #expect(TunnelHeaderPolicy().outerTrafficClass(inner: inner).ecn == ecn)
        #expect(TunnelHeaderPolicy(copyECN: false).outerTrafficClass(inner: inner).ecn == .notECT)
    }

    @Test func theOctetIsSixBitsOfDSCPAndTwoOfECN() {
        let expeditedForwarding = TrafficClass(rawValue: 0xb9)
        #expect(expeditedForwarding.dscp == 46)
        #expect(expeditedForwarding.ecn == .ect1)
        #expect(TrafficClass(dscp: 46, ecn: .ect1) == expeditedForwarding)
        for octet in UInt8.min ... .max {
            let value = TrafficClass(rawValue: octet)
            #expect(TrafficClass(dscp: value.dscp, ecn: value.ecn).rawValue == octet)
        }
    }

    @Test(arguments: [
        (TunnelHeaderPolicy.DSCPCopy.out, 46, 10), (.in, 0, 12), (.yes, 46, 12), (.no, 0, 10),
    ])
    func theDSCPIsCopiedInTheDirectionsAsked(copy: TunnelHeaderPolicy.DSCPCopy, outer: UInt8, inner: UInt8) {
        let policy = TunnelHeaderPolicy(copyDSCP: copy)
        #expect(policy.outerTrafficClass(inner: TrafficClass(dscp: 46, ecn: .ect0)).dscp == outer)
        let decapsulated = policy.decapsulated(
            inner: TrafficClass(dscp: 10, ecn: .ect0),
            outer: TrafficClass(dscp: 12, ecn: .ect0)
        )
        #expect(decapsulated == .forward(TrafficClass(dscp: inner, ecn: .ect0), isUnexpected: false))
    }

    @Test func withoutCopyECNTheOuterMarkIsIgnored() {
        let policy = TunnelHeaderPolicy(copyECN: false)
        for inner in ECN.allCases {
            for outer in ECN.allCases {
                let result = policy.decapsulated(
                    inner: TrafficClass(dscp: 3, ecn: inner),
                    outer: TrafficClass(dscp: 0, ecn: outer)
                )
                #expect(result == .forward(TrafficClass(dscp: 3, ecn: inner), isUnexpected: false))
            }
        }
    }

    /// Opening relies on it, and does not ask then.
    @Test(arguments: [TunnelHeaderPolicy.DSCPCopy.out, .in, .yes, .no], [true, false])
    func equalHeadersStayAsTheyAre(copyDSCP: TunnelHeaderPolicy.DSCPCopy, copyECN: Bool) {
        let policy = TunnelHeaderPolicy(copyDSCP: copyDSCP, copyECN: copyECN)
        for octet in UInt8.min ... .max {
            let both = TrafficClass(rawValue: octet)
            #expect(policy.decapsulated(inner: both, outer: both) == .forward(both, isUnexpected: false))
        }
    }

    @Test func dontFragmentPassesToAnIPv4OuterHeaderOnly() throws {
        let free = try #require(SamplePacket.parsed(SamplePacket.ipv4(flagsAndOffset: 0)))
        let fixed = try #require(SamplePacket.parsed(SamplePacket.ipv4(flagsAndOffset: 0x4000)))
        let ipv6 = try #require(SamplePacket.parsed(SamplePacket.ipv6()))
        let copying = TunnelHeaderPolicy()
        #expect(!copying.outerDontFragment(inner: free, outerFamily: .v4))
        #expect(copying.outerDontFragment(inner: fixed, outerFamily: .v4))
        #expect(copying.outerDontFragment(inner: ipv6, outerFamily: .v4))
        let keeping = TunnelHeaderPolicy(copyDF: false)
        for inner in [free, fixed, ipv6] {
            #expect(!keeping.outerDontFragment(inner: inner, outerFamily: .v4))
            #expect(!copying.outerDontFragment(inner: inner, outerFamily: .v6))
        }
    }
}
