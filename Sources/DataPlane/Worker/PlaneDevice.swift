import LinuxNet

/// The device as both workers hold it: one reads, both write. Each packet is one call, which is atomic in the kernel.
final class PlaneDevice: Sendable {
    let tun: TUNDevice

    init(_ tun: consuming TUNDevice) { self.tun = tun }
}
