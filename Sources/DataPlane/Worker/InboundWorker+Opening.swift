import ESP
import IKEWire
import Inet
import LinuxNet

// From the sockets: IKE to the control plane, ESP to the device.

extension InboundWorker {
    /// The length of an IKE header; nothing shorter is worth waking the control plane (RFC 7296 section 3.1).
    private static let shortestIKE = Header.length

    /// Handles the datagrams that wait at a socket, up to the budget.
    mutating func receive(_ index: Int) {
        let socket = sockets.all[index]
        do {
            try received.receive(from: socket.socket)
        } catch {
            tallies.receiveErrors.add()
            return
        }
        // An SA that was installed before its first packet was sent must be found.
        applyCommands()
        for slot in 0..<received.count {
            if received.isTruncated(at: slot) {
                tallies.malformedDatagrams.add()
                continue
            }
            let bytes = received.bytes(at: slot)
            switch socket.role {
            case .ike: deliverIKE(slot, bytes, markerLength: 0, socket)
            case .natTraversal: receiveMerged(slot, bytes, socket)
            case .rawESP: receiveRawESP(slot, bytes, socket)
            }
        }
        drainToDevice()
        letGo()
        if !ike.isEmpty {
            tallies.ikeDatagrams.add(UInt64(ike.count))
            tallies.ikeOverflow.add(UInt64(events.post(&ike)))
        }
    }

    /// Takes datagrams apart that the kernel has merged.
    private mutating func receiveMerged(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ socket: PlaneSocket
    ) {
        let arrival = received.arrival(at: slot)
        guard let size = arrival.segmentSize, size < bytes.count else {
            receiveNATTraversal(slot, bytes, arrival, socket)
            return
        }
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + size, bytes.count)
            let segment = UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<end])
            receiveNATTraversal(slot, segment, arrival, socket)
            tallies.mergedReceived.add()
            offset = end
        }
    }

    private mutating func receiveNATTraversal(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ arrival: ReceiveBatch.Arrival,
        _ socket: PlaneSocket
    ) {
        switch EncapsulatedDatagram(classifying: UnsafeRawBufferPointer(bytes).bytes) {
        case .esp(let spi): open(slot, bytes, spi, arrival, socket)
        case .ike: deliverIKE(slot, bytes, markerLength: EncapsulatedDatagram.nonESPMarkerLength, socket)
        case .keepalive: tallies.keepalives.add()
        case .malformed: tallies.malformedDatagrams.add()
        }
    }

    private mutating func receiveRawESP(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ socket: PlaneSocket
    ) {
        guard let spi = ESPSPI(ofPacket: UnsafeRawBufferPointer(bytes).bytes) else {
            tallies.malformedDatagrams.add()
            return
        }
        open(slot, bytes, spi, received.arrival(at: slot), socket)
    }

    private mutating func deliverIKE(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        markerLength: Int,
        _ socket: PlaneSocket
    ) {
        guard bytes.count >= markerLength + Self.shortestIKE, let remote = received.source(at: slot) else {
            tallies.malformedDatagrams.add()
            return
        }
        ike.append(
            IKEDatagram(bytes: Array(bytes[markerLength...]), local: local(of: slot, socket), remote: remote)
        )
    }

    /// Where a datagram arrived.
    private func local(of slot: Int, _ socket: PlaneSocket) -> SocketAddress {
        let address = received.arrival(at: slot).local ?? socket.socket.local.address
        return SocketAddress(address: address, port: socket.socket.local.port)
    }

    /// Opens an ESP packet in place and gives what is in it to the device.
    private mutating func open(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ spi: ESPSPI,
        _ arrival: ReceiveBatch.Arrival,
        _ socket: PlaneSocket
    ) {
        guard let child = associations[spi] else {
            tallies.unknownSPI.add()
            reportUnknown(spi, slot, socket)
            return
        }
        let outer = TrafficClass(rawValue: arrival.trafficClass)
        take(child)
        let highest = child.sa.highestSequence
        do throws(ESPError) {
            var packet = bytes.mutableBytes
            let opened = try child.sa.open(&packet, outer: outer)
            // A dummy packet says as much about the peer as any other.
            noteSource(of: child, isNewest: child.sa.highestSequence > highest, slot, arrival.local, socket)
            if let opened { keepForDevice(UnsafeMutableRawBufferPointer(rebasing: bytes[opened])) }
        } catch {
            child.tallies.refused(child.sa.counters)
            if error == .selectorMismatch { reportOutsideSelectors(child, bytes) }
        }
    }

    /// Counts an authentic packet, and says so if the peer has begun to send from elsewhere.
    private func noteSource(
        of child: InboundChild,
        isNewest: Bool,
        _ slot: Int,
        _ local: IPAddress?,
        _ socket: PlaneSocket
    ) {
        guard let source = received.source(at: slot) else { return }
        child.tallies.received(child.sa.counters, at: child.expects(source.address) ? now : nil)
        guard isNewest, socket.role == .natTraversal else { return }
        let ours = SocketAddress(address: local ?? socket.socket.local.address, port: socket.socket.local.port)
        let arrival = Encapsulation.udp(local: ours, remote: source)
        if child.reports(arrival, at: now) { events.postStray(child.id, arrival) }
    }

    private mutating func reportUnknown(_ spi: ESPSPI, _ slot: Int, _ socket: PlaneSocket) {
        guard unknownSPIReports.admits(now), let source = received.source(at: slot) else { return }
        var (local, remote) = (local(of: slot, socket), source)
        if socket.role == .rawESP { (local.port, remote.port) = (0, 0) }
        events.post(.unknownSPI(spi, local: local, remote: remote))
    }

    /// What of an inner packet the peer is shown, as much as ICMP has of one at least: headers, not secrets.
    private static let shownOctets = 64

    private mutating func reportOutsideSelectors(_ child: InboundChild, _ bytes: UnsafeMutableRawBufferPointer) {
        guard selectorReports.admits(now) else { return }
        let inner = bytes.dropFirst(child.sa.layout.payloadOffset)
        events.post(.outsideSelectors(child.id, start: Array(inner.prefix(Self.shownOctets))))
    }

    /// Keeps a packet until the next `drainToDevice`; its memory must stay until then.
    private mutating func keepForDevice(_ packet: UnsafeMutableRawBufferPointer) {
        if coalescer.isFull { drainToDevice() }
        coalescer.add(packet)
    }

    /// Gives what has been opened to the kernel; what it does not take is lost, as on any interface.
    private mutating func drainToDevice() {
        guard !coalescer.isEmpty else { return }
        let outcome = coalescer.drain { queue.write($0) }
        tallies.superPacketsWritten.add(UInt64(outcome.superPackets))
        if outcome.refused > 0 { tallies.deviceRefusals.add(UInt64(outcome.refused)) }
        if outcome.refusesSuperPackets { tallies.offloadRefusals.add() }
    }
}
