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
            case .natTraversal: receiveNATTraversal(slot, bytes, socket)
            case .rawESP: receiveRawESP(slot, bytes, socket)
            }
        }
        sealing.noteInbound(coalescer.count, at: now)
        drainToDevice()
        letGo()
        if !ike.isEmpty {
            tallies.ikeDatagrams.add(UInt64(ike.count))
            tallies.ikeOverflow.add(UInt64(events.post(&ike)))
        }
    }

    /// Handles a datagram of NAT traversal, or several that the kernel has merged.
    private mutating func receiveNATTraversal(
        _ slot: Int,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ socket: PlaneSocket
    ) {
        let arrival = received.arrival(at: slot)
        let size = max(1, arrival.segmentSize ?? bytes.count)
        var offset = 0
        repeat {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            let datagram = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(size))
            switch EncapsulatedDatagram(classifying: UnsafeRawBufferPointer(datagram).bytes) {
            case .esp(let spi):
                offset += open(rest, each: size, spi, slot, arrival, socket)
                continue
            case .ike: deliverIKE(slot, datagram, markerLength: EncapsulatedDatagram.nonESPMarkerLength, socket)
            case .keepalive: tallies.keepalives.add()
            case .malformed: tallies.malformedDatagrams.add()
            }
            offset += size
        } while offset < bytes.count
        if bytes.count > size { tallies.mergedReceived.add(UInt64((bytes.count + size - 1) / size)) }
        noteSource(slot, arrival, socket)
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
        let arrival = received.arrival(at: slot)
        _ = open(bytes, each: bytes.count, spi, slot, arrival, socket)
        noteSource(slot, arrival, socket)
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

    /// Opens the ESP packets of an SA that `bytes` begins with, each of `size` octets but the last, and gives what is in them to
    /// the device. Returns how many octets they have: to the end, or to a datagram that is not the SA's.
    private mutating func open(
        _ bytes: UnsafeMutableRawBufferPointer,
        each size: Int,
        _ spi: ESPSPI,
        _ slot: Int,
        _ arrival: ReceiveBatch.Arrival,
        _ socket: PlaneSocket
    ) -> Int {
        guard let child = associations[spi] else {
            tallies.unknownSPI.add()
            reportUnknown(spi, slot, socket)
            return size
        }
        if taken !== child {
            noteSource(slot, arrival, socket)
            take(child)
        }
        let highest = child.sa.highestSequence
        var offset = 0
        repeat {
            let end = min(offset + size, bytes.count)
            let packet = UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<end])
            if open(packet, TrafficClass(rawValue: arrival.trafficClass), of: child), shown == .nothing {
                shown = .authentic
            }
            offset = end
        } while ESPSPI(ofPacket: UnsafeRawBufferPointer(rebasing: bytes[offset...]).bytes)?.rawValue == spi.rawValue
        if child.sa.highestSequence > highest { shown = .newest }
        return offset
    }

    /// Opens an ESP packet in place and keeps what is in it for the device. Returns whether it is authentic; a dummy packet
    /// says as much about the peer as any other.
    private mutating func open(
        _ packet: UnsafeMutableRawBufferPointer,
        _ outer: TrafficClass,
        of child: InboundChild
    ) -> Bool {
        do throws(ESPError) {
            var span = packet.mutableBytes
            if let inner = try child.sa.open(&span, outer: outer) {
                keepForDevice(UnsafeMutableRawBufferPointer(rebasing: packet[inner]))
            }
            return true
        } catch {
            child.tallies.refused(child.sa.counters)
            if error == .selectorMismatch { reportOutsideSelectors(child, packet) }
            return false
        }
    }

    /// Notes where the authentic packets of a datagram came from, and says so if the peer has begun to send from elsewhere.
    private mutating func noteSource(_ slot: Int, _ arrival: ReceiveBatch.Arrival, _ socket: PlaneSocket) {
        let isNewest = shown == .newest
        guard shown != .nothing, let child = taken, let source = received.source(at: slot) else { return }
        shown = .nothing
        if child.expects(source.address) { child.tallies.heard(at: now) }
        guard isNewest, socket.role == .natTraversal else { return }
        let address = arrival.local ?? socket.socket.local.address
        let ours = SocketAddress(address: address, port: socket.socket.local.port)
        let way = Encapsulation.udp(local: ours, remote: source)
        if child.reports(way, at: now) { events.postStray(child.id, way) }
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
        // Whoever sees a packet finds it counted.
        taken?.publishCounts()
        let outcome = coalescer.drain { queue.write($0) }
        tallies.superPacketsWritten.add(UInt64(outcome.superPackets))
        if outcome.refused > 0 { tallies.deviceRefusals.add(UInt64(outcome.refused)) }
        if outcome.refusesSuperPackets { tallies.offloadRefusals.add() }
    }
}
