package import IKECrypto
package import IKEWire
package import LinuxNet

/// Why an SA was not installed or changed.
package enum InstallError: Error, Sendable, CustomStringConvertible {
    /// The keys do not fit the suite, or libcrypto lacks it.
    case crypto(CryptoError)
    /// There is no way to the peer from the address named.
    case network(Errno)
    /// An inbound SA of ours has this SPI.
    case spiInUse(ESPSPI)
    /// An outbound SA with this number is there.
    case childInUse(ChildID)
    /// No outbound SA has this number.
    case unknownChild(ChildID)
    /// The selectors make more policies than an SA may have: `DataPlane.maximumPolicies`.
    case tooManyPolicies(Int)
    /// No replay window has this size.
    case replayWindow(Int)

    package var description: String {
        switch self {
        case .crypto(let error): "\(error)"
        case .network(let error): "\(error)"
        case .spiInUse(let spi): "SPI \(spi) is in use"
        case .childInUse(let child): "CHILD SA \(child) is installed already"
        case .unknownChild(let child): "CHILD SA \(child) is not installed"
        case .tooManyPolicies(let count): "\(count) pairs of traffic selectors are more than an SA may have"
        case .replayWindow(let size): "a replay window of \(size) packets is not possible: use 0 or 32 to 4096"
        }
    }
}
