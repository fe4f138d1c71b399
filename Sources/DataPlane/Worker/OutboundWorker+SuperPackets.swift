import ESP

// Super-packets of the device: one look-up, then every segment is sealed right where it is made.

extension OutboundWorker {
    /// Sends the segments of a super-packet through its SA, if it has one.
    mutating func forward(_ packet: DeviceBuffer.Packet, _ inner: InnerPacket, _ header: VirtioHeader) {
        let bytes = deviceBuffer.bytes(packet)
        guard var whole = SuperPacket(bytes, header, template: headerTemplate) else {
            tallies.malformedPackets.add()
            return
        }
        tallies.superPacketsRead.add()
        guard case .child(let child)? = policies.target(forNext: inner) else {
            while let segment = whole.next() { forwardByItself(segment) }
            return
        }
        take(child)
        guard whole.longestSegment <= child.innerMTU else {
            while let segment = whole.next() { forwardByItself(segment) }
            return
        }
        let lane = lanes[child.path.socket]
        let outer = child.sa.headerPolicy.outerTrafficClass(inner: inner.trafficClass)
        while let segment = whole.next() {
            let packet = deviceBuffer.packet(at: segment)
            seal(packet, length: segment.count, child, outer, into: lane, isWhole: false)
        }
        if !lane.hasRoom { flush(child.path.socket) }
    }

    /// Treats a segment as the packet that it would have been without offloads: it is held, refused or dropped.
    private mutating func forwardByItself(_ segment: UnsafeMutableRawBufferPointer) {
        guard let inner = InnerPacket(parsing: UnsafeRawBufferPointer(segment).bytes) else {
            tallies.malformedPackets.add()
            return
        }
        forward(deviceBuffer.packet(at: segment), inner)
    }
}
