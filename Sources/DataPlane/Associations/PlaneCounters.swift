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

/// The counters of the plane where the worker writes and everybody reads them.
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

    var snapshot: PlaneCounters {
        var snapshot = PlaneCounters()
        snapshot.unknownSPI = unknownSPI.value
        snapshot.malformedDatagrams = malformedDatagrams.value
        snapshot.keepalives = keepalives.value
        snapshot.ikeDatagrams = ikeDatagrams.value
        snapshot.ikeOverflow = ikeOverflow.value
        snapshot.noPolicy = noPolicy.value
        snapshot.trapped = trapped.value
        snapshot.trapDrops = trapDrops.value
        snapshot.malformedPackets = malformedPackets.value
        snapshot.superPacketsRead = superPacketsRead.value
        snapshot.superPacketsWritten = superPacketsWritten.value
        snapshot.mergedReceived = mergedReceived.value
        snapshot.joinedSent = joinedSent.value
        snapshot.offloadRefusals = offloadRefusals.value
        snapshot.deviceRefusals = deviceRefusals.value
        snapshot.receiveErrors = receiveErrors.value
        return snapshot
    }
}
