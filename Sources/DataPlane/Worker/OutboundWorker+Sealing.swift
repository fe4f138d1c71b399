import ESP
import Glibc
import Inet
import LinuxNet

// From the device: find the SA, seal, send.

extension OutboundWorker {
    /// Handles the packets that wait at the device, up to the budget.
    mutating func readDevice() {
        guard !isDevicePaused else { return }
        deviceBuffer.reset()
        if mayRelease { releaseHeld() }
        var budget = Self.deviceBudget
        while budget > 0, deviceBuffer.hasRoom, !isDevicePaused, let frame = nextFrame() {
            budget -= 1
            // A policy that was installed before the packet was sent must be found.
            applyCommands()
            if mayRelease { releaseHeld() }
            forward(frame)
        }
        for index in lanes.indices { flush(index) }
    }

    /// The next packet of the device; nil if there is none.
    private mutating func nextFrame() -> DeviceBuffer.Frame? {
        do throws(Errno) {
            let frame = try deviceBuffer.read(from: queue)
            // A device never yields an empty packet, only the other end of a pair that is closed.
            if frame?.packet.length == 0 { throw Errno("read TUN device", code: ENODEV) }
            return frame
        } catch {
            switch error.code {
            // The kernel detaches the descriptor from a device that somebody deletes.
            case EBADFD, ENODEV: loseDevice(error)
            default: tallies.receiveErrors.add()
            }
            return nil
        }
    }

    /// Sends what the device has yielded through its SA, if it has one.
    private mutating func forward(_ frame: DeviceBuffer.Frame) {
        let bytes = deviceBuffer.bytes(frame.packet)
        guard let header = frame.header, let inner = InnerPacket(parsing: UnsafeRawBufferPointer(bytes).bytes) else {
            tallies.malformedPackets.add()
            return
        }
        guard header.segmentation == .none else {
            forward(frame.packet, inner, header)
            return
        }
        guard !header.needsChecksum || Checksum.complete(bytes, header) else {
            tallies.malformedPackets.add()
            return
        }
        forward(frame.packet, inner)
    }

    /// Sends a packet through its SA, if it has one.
    mutating func forward(_ packet: DeviceBuffer.Packet, _ inner: InnerPacket) {
        let bytes = UnsafeRawBufferPointer(deviceBuffer.bytes(packet))
        switch policies.target(forNext: inner) {
        case .child(let child): send(packet, inner, child)
        case .trap(let trap):
            if let child = policies.child(of: trap.id, for: inner) {
                send(packet, inner, child)
            } else {
                hold(bytes, inner, trap)
            }
        case nil: tallies.noPolicy.add()
        }
    }

    /// Seals a packet into the lane of its SA.
    mutating func send(_ packet: DeviceBuffer.Packet, _ inner: InnerPacket, _ child: OutboundChild) {
        take(child)
        guard inner.totalLength <= child.innerMTU else {
            refuse(packet, inner, child)
            return
        }
        let lane = lanes[child.path.socket]
        let outer = child.sa.headerPolicy.outerTrafficClass(inner: inner.trafficClass)
        seal(packet, length: inner.totalLength, child, outer, into: lane, isWhole: true)
        if !lane.hasRoom { flush(child.path.socket) }
    }

    /// Seals a packet, or a segment of a larger one, into the lane of its SA.
    mutating func seal(
        _ packet: DeviceBuffer.Packet,
        length: Int,
        _ child: OutboundChild,
        _ outer: TrafficClass,
        into lane: SendLane,
        isWhole: Bool
    ) {
        let needed = child.sa.sealedLength(inner: length)
        var room = lane.room(for: needed, of: child, outer)
        if room == nil {
            // Padding makes more of the segments of a super-packet than a lane keeps free for one.
            flush(child.path.socket)
            room = lane.room(for: needed, of: child, outer)
        }
        guard let output = room else {
            child.tallies.failures.add()
            return
        }
        guard let sealed = seal(packet, length: length, child, into: output) else { return }
        lane.commit(sealed, of: child, outer, SendLane.Origin(packet: packet, isWhole: isWhole))
        packetsOfTurn += 1
    }

    /// The length of the ESP packet around a packet, written to `output`; nil if the SA could not seal it.
    private func seal(
        _ packet: DeviceBuffer.Packet,
        length: Int,
        _ child: OutboundChild,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        do throws(ESPError) {
            var source = deviceBuffer.bytesWithTrailer(packet).mutableBytes
            var output = output.mutableBytes
            return try child.sa.seal(&source, innerLength: length, into: &output)
        } catch .sequenceExhausted {
            child.tallies.sequenceExhausted.add()
            return nil
        } catch {
            child.tallies.failures.add()
            return nil
        }
    }
}

// MARK: - Sending

extension OutboundWorker {
    /// Sends what waits in a lane.
    mutating func flush(_ index: Int) {
        let lane = lanes[index]
        guard !lane.isEmpty else { return }
        // Whoever sees a packet finds it counted.
        for index in taken.indices { taken[index].publishCounts(at: now) }
        let refusedBefore = lane.refusedJoined
        lane.flush()
        if lane.isBlocked { pause(for: index) }
        var joined: UInt64 = 0
        for index in lanes.indices { joined &+= lanes[index].joined }
        tallies.joinedSent.set(joined)
        tallies.offloadRefusals.add(lane.refusedJoined &- refusedBefore)
        for refusal in lane.takeRefusals() { handle(refusal) }
    }

    /// The kernel has not taken a sealed packet, which is lost. The packet it was made from is still in the buffer.
    private mutating func handle(_ refusal: SendLane.Refusal) {
        let child = refusal.child
        // In general it is in hands still; if not, the next packet will be refused again.
        guard takeAtOnce(child) else { return }
        guard refusal.code == EMSGSIZE else {
            child.tallies.failures.add()
            return
        }
        let packet = refusal.origin.packet
        guard let inner = InnerPacket(parsing: UnsafeRawBufferPointer(deviceBuffer.bytes(packet)).bytes) else { return }
        // Further packets of the same batch find the path narrowed already.
        if inner.totalLength <= child.innerMTU { narrow(child) }
        if inner.totalLength > child.innerMTU, refusal.origin.isWhole || isAnswerable(inner) {
            refuse(packet, inner, child)
        } else {
            child.tallies.failures.add()
        }
    }

    /// The path to the peer takes less than was known: asks the kernel what it takes.
    private mutating func narrow(_ child: OutboundChild) {
        var path = child.path
        do throws(Errno) {
            let encapsulation = path.encapsulation
            let mtu = try PathMTU.known(to: encapsulation.remote, from: encapsulation.local.address, mark: mark)
            guard mtu < path.mtu else { return }
            path.mtu = mtu
        } catch {
            return
        }
        if child.follow(path) { events.postResized(child.id) }
    }
}

// MARK: - Packets that are too large

extension OutboundWorker {
    /// Tells the sender of a packet larger than the tunnel how large it may be; where nobody may be told, the packet
    /// travels in fragments of the outer packet (RFC 4301 section 8.2).
    private mutating func refuse(_ packet: DeviceBuffer.Packet, _ inner: InnerPacket, _ child: OutboundChild) {
        guard isAnswerable(inner) else {
            sendFragmented(packet, inner, child)
            return
        }
        child.tallies.tooBig.add()
        let bytes = UnsafeRawBufferPointer(deviceBuffer.bytes(packet))
        if let length = PathTooBig.write(answering: bytes, inner, mtu: child.innerMTU, to: scratch) {
            answers.add(UnsafeMutableRawBufferPointer(rebasing: scratch[..<length]))
            let outcome = answers.drain { queue.write($0) }
            tallies.deviceRefusals.add(UInt64(outcome.refused))
        }
    }

    private func isAnswerable(_ inner: InnerPacket) -> Bool {
        inner.dontFragment && (inner.family == .v4 || inner.totalLength > TunnelMTU.minimumIPv6)
    }

    /// Every IPv6 link takes packets of 1,280 octets, and an IPv4 packet without Don't Fragment was sent by somebody who
    /// accepts fragments. Both are rare, since the route's MTU shapes what enters the device.
    private mutating func sendFragmented(_ packet: DeviceBuffer.Packet, _ inner: InnerPacket, _ child: OutboundChild) {
        // What was sealed before goes first, or it would look late to the peer's replay window.
        let index = child.path.socket
        flush(index)
        guard !lanes[index].isBlocked, let length = seal(packet, length: inner.totalLength, child, into: scratch)
        else {
            child.tallies.failures.add()
            return
        }
        child.publishCounts(at: now)
        let encapsulation = child.path.encapsulation
        do throws(Errno) {
            try sockets.all[index].socket.sendFragmentable(
                UnsafeRawBufferPointer(rebasing: scratch[..<length]),
                to: encapsulation.remote,
                from: encapsulation.local.address,
                trafficClass: child.sa.headerPolicy.outerTrafficClass(inner: inner.trafficClass).rawValue
            )
        } catch {
            child.tallies.failures.add()
        }
    }
}
