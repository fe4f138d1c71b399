/// What the data plane has seen that belongs to no CHILD SA.
package struct PlaneCounters: Hashable, Sendable {
    /// ESP packets with an SPI that no SA of ours has.
    package var unknownSPI: UInt64 = 0
    /// Datagrams that are neither ESP nor IKE nor a keepalive, or arrived cut.
    package var malformedDatagrams: UInt64 = 0
    /// Octets that keep NAT bindings alive (RFC 3948 section 2.3).
    package var keepalives: UInt64 = 0
    /// IKE datagrams for the control plane, the lost ones included.
    package var ikeDatagrams: UInt64 = 0
    /// IKE datagrams lost because the control plane did not fetch the others in time.
    package var ikeOverflow: UInt64 = 0
    /// Packets out of the device that no policy covers.
    package var noPolicy: UInt64 = 0
    /// Packets out of the device that were held for an SA that a trap asked for.
    package var trapped: UInt64 = 0
    /// Packets of trapped policies that were lost: others needed their room, or the negotiation had failed.
    package var trapDrops: UInt64 = 0
    /// Packets out of the device that are not the IP packets they claim to be.
    package var malformedPackets: UInt64 = 0
    /// Super-packets out of the device.
    package var superPacketsRead: UInt64 = 0
    /// Super-packets into the device.
    package var superPacketsWritten: UInt64 = 0
    /// ESP packets that came merged with others.
    package var mergedReceived: UInt64 = 0
    /// ESP packets that left joined with others.
    package var joinedSent: UInt64 = 0
    /// How often the kernel refused a short cut, after which packets went one by one.
    package var offloadRefusals: UInt64 = 0
    /// Opened packets that the device did not take: its queue is full, or it is down.
    package var deviceRefusals: UInt64 = 0
    /// Receive calls that failed.
    package var receiveErrors: UInt64 = 0

    package init() {}
}

/// The counters of the plane where a worker writes and everybody reads them: each worker has its own.
final class PlaneTallies: Sendable {
    let unknownSPI = Tally()
    let malformedDatagrams = Tally()
    let keepalives = Tally()
    let ikeDatagrams = Tally()
    let ikeOverflow = Tally()
    let noPolicy = Tally()
    let trapped = Tally()
    let trapDrops = Tally()
    let malformedPackets = Tally()
    let superPacketsRead = Tally()
    let superPacketsWritten = Tally()
    let mergedReceived = Tally()
    let joinedSent = Tally()
    let offloadRefusals = Tally()
    let deviceRefusals = Tally()
    let receiveErrors = Tally()

    /// Adds what this worker has counted.
    func add(to sum: inout PlaneCounters) {
        sum.unknownSPI &+= unknownSPI.value
        sum.malformedDatagrams &+= malformedDatagrams.value
        sum.keepalives &+= keepalives.value
        sum.ikeDatagrams &+= ikeDatagrams.value
        sum.ikeOverflow &+= ikeOverflow.value
        sum.noPolicy &+= noPolicy.value
        sum.trapped &+= trapped.value
        sum.trapDrops &+= trapDrops.value
        sum.malformedPackets &+= malformedPackets.value
        sum.superPacketsRead &+= superPacketsRead.value
        sum.superPacketsWritten &+= superPacketsWritten.value
        sum.mergedReceived &+= mergedReceived.value
        sum.joinedSent &+= joinedSent.value
        sum.offloadRefusals &+= offloadRefusals.value
        sum.deviceRefusals &+= deviceRefusals.value
        sum.receiveErrors &+= receiveErrors.value
    }
}
