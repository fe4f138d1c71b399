// The QCD token (RFC 6290 section 4.1): secret octets that only the maker of an IKE SA can know again after it has lost
// everything else. It belongs to an IKE SA, so its protocol is IKE and it has no SPI.

extension Notify {
    package static func crashToken(_ token: [UInt8]) -> Notify {
        Notify(.quickCrashDetection, data: token, protocolID: .ike)
    }
}
