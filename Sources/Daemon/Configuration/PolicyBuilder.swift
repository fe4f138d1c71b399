import IKECore
import IKECrypto
import IKEWire
import Inet
import SwanConf

// From the configuration as people write it to the policy that the engine works by.

extension Connection {
    /// Reads the certificates and public keys that the configuration names.
    init(_ configuration: ConnectionConfiguration, _ directory: CredentialDirectory) throws(CredentialError) {
        self.init(
            name: configuration.name,
            proposals: configuration.proposals,
            local: try AuthenticationPolicy(configuration.local, of: configuration.name, directory),
            remote: try AuthenticationPolicy(configuration.remote, of: configuration.name, directory),
            children: configuration.children.map { ChildPolicy($0) }
        )
        for round in configuration.laterLocal {
            laterLocal.append(try AuthenticationPolicy(round, of: configuration.name, directory))
        }
        for round in configuration.laterRemote {
            laterRemote.append(try AuthenticationPolicy(round, of: configuration.name, directory))
        }
        localAddresses = configuration.localAddresses.map { AddressPattern($0) }
        remoteAddresses = configuration.remoteAddresses.map { AddressPattern($0) }
        lifetime = Lifetime(
            rekey: configuration.rekeyTime.orNilIfZero,
            jitter: configuration.randTime,
            hard: configuration.hardLifetime
        )
        localPort = configuration.localPort
        remotePort = configuration.remotePort
        hostNames = configuration.hostNames
        reauthentication = configuration.reauthentication
        uniqueness = Uniqueness(configuration.unique)
        forcesEncapsulation = configuration.encap
        acceptsFragments = configuration.fragmentation != .no
        sendsFragments = [.yes, .force].contains(configuration.fragmentation)
        forcesFragments = configuration.fragmentation == .force
        isMobile = configuration.mobike
        virtualAddresses = configuration.vips
        pools = configuration.pools
        certificateSending = CertificateSending(configuration.sendCert)
        asksForCertificate = configuration.sendCertreq
        asksForStatus = configuration.ocsp.requests
        givesStatus = configuration.ocsp.replies
        livenessDelay = configuration.dpdDelay.orNilIfZero
        keyingTries = configuration.keyingtries == 0 ? nil : Int(configuration.keyingtries)
    }
}

extension Uniqueness {
    init(_ configuration: ConnectionConfiguration.Uniqueness) {
        switch configuration {
        case .never: self = .never
        case .no: self = .no
        case .keep: self = .keep
        case .replace: self = .replace
        }
    }
}

extension ChildPolicy {
    init(_ configuration: ChildConfiguration) {
        self.init(
            name: configuration.name,
            proposals: configuration.espProposals,
            localSelectors: configuration.localTrafficSelectors.map { SelectorTemplate($0) },
            remoteSelectors: configuration.remoteTrafficSelectors.map { SelectorTemplate($0) }
        )
        self.lifetime = Lifetime(
            rekey: configuration.rekeyTime.orNilIfZero,
            jitter: configuration.randTime,
            hard: configuration.lifeTime.orNilIfZero
        )
        self.octetLimit = VolumeLimit(configuration.byteLimits)
        self.packetLimit = VolumeLimit(configuration.packetLimits)
        self.isStarted = configuration.startAction.isInitiated
        self.actionOnDeadPeer =
            switch configuration.dpdAction {
            case .clear: .nothing
            case .trap: .trap
            case .restart: .restart
            }
        self.actionOnClose =
            switch configuration.closeAction {
            case .none: .nothing
            case .trap: .trap
            case .restart: .restart
            }
        self.isPerResource = configuration.hasPerCPUSAs
        self.options.replayWindow = configuration.replayWindow
        self.options.copyDF = configuration.copyDF
        self.options.copyECN = configuration.copyECN
        self.options.tfcPadding =
            switch configuration.tfcPadding {
            case .none: 0
            case .octets(let octets): octets
            case .pathMTU: .max
            }
        self.options.copyDSCP =
            switch configuration.copyDSCP {
            case .out: .out
            case .in: .in
            case .both: .yes
            case .none: .no
            }
    }
}

extension VolumeLimit {
    init(_ limits: VolumeLimits) {
        self.init(
            rekey: limits.rekey == 0 ? nil : limits.rekey,
            jitter: limits.rand,
            hard: limits.life == 0 ? nil : limits.life
        )
    }
}

extension AuthenticationPolicy {
    init(
        _ configuration: AuthenticationConfiguration,
        of connection: String,
        _ directory: CredentialDirectory
    ) throws(CredentialError) {
        let kind: AuthenticationKind
        switch configuration.method {
        case .psk: kind = .preSharedKey
        case .publicKey(let signature):
            var policy = try PublicKeyPolicy(configuration, of: connection, directory)
            policy.signatures = SignatureRequirement(signature)
            kind = .publicKey(policy)
        case .eap(let eap):
            var policy = EAPPolicy(eap)
            policy.publicKey = try PublicKeyPolicy(configuration, of: connection, directory)
            kind = .eap(policy)
        }
        self.init(kind: kind, identity: configuration.id)
    }
}

extension PublicKeyPolicy {
    /// The certificates and keys that a section names.
    fileprivate init(
        _ configuration: AuthenticationConfiguration,
        of connection: String,
        _ directory: CredentialDirectory
    ) throws(CredentialError) {
        self.init()
        do {
            certificates = try directory.certificates(configuration.certificates, in: "x509")
            publicKeys = try directory.publicKeys(configuration.publicKeys)
            authorities = try directory.certificates(configuration.authorities, in: "x509ca")
        } catch {
            throw CredentialError(description: "connection \(connection): \(error)")
        }
        revocation = RevocationPolicy(configuration.revocation)
    }
}

extension EAPPolicy {
    fileprivate init(_ configuration: EAPConfiguration) {
        let method: Method =
            switch configuration.method {
            case .any: .any
            case .mschapV2: .only(.mschapV2)
            case .tls: .only(.tls)
            case .ttls: .only(.ttls)
            case .radius: .authenticationServer
            }
        let name: Name =
            switch configuration.name {
            case .identity: .identity
            case .asked: .asked
            case .given(let text): .given(Array(text.utf8))
            }
        self.init(method, name: name)
        server =
            switch configuration.server {
            case .responder: .responder
            case .anybody: .anybody
            case .given(let identity): .given(identity)
            }
    }
}

extension SignatureRequirement {
    init(_ configuration: SignatureConfiguration) {
        let keyType: KeyType =
            switch configuration.keyType {
            case .any: .any
            case .rsa: .rsa
            case .rsaPSS: .rsaPSS
            case .ecdsa: .ecdsa
            case .ed25519: .ed25519
            case .ed448: .ed448
            }
        self.init(keyType, hashes: configuration.hashes)
    }
}

extension RevocationPolicy {
    init(_ configuration: AuthenticationConfiguration.Revocation) {
        switch configuration {
        case .strict: self = .strict
        case .ifURI: self = .ifURI
        case .relaxed: self = .relaxed
        }
    }
}

extension CertificateSending {
    init(_ configuration: ConnectionConfiguration.CertificateSending) {
        switch configuration {
        case .ifAsked: self = .ifAsked
        case .always: self = .always
        case .never: self = .never
        }
    }
}

extension AddressPattern {
    init(_ pattern: HostPattern) {
        switch pattern {
        case .any(nil), .name: self = .any
        case .any(.some(let family)): self = .range(.unspecified(family)...(.last(of: family)))
        // The narrowest network, so that it goes before any other.
        case .address(let address):
            self = IPPrefix(address, length: address.family.bitWidth).map { .prefix($0) } ?? .range(address...address)
        case .prefix(let prefix): self = .prefix(prefix)
        case .range(let range): self = .range(range)
        }
    }
}

extension SelectorTemplate {
    init(_ template: TrafficSelectorTemplate) {
        switch template {
        case .dynamic(let protocolID, let ports): self = .dynamic(protocolID: protocolID, ports: ports)
        case .selector(let selector): self = .fixed(selector)
        }
    }
}

extension AddressPool {
    init(_ configuration: PoolConfiguration) {
        self.init(
            name: configuration.name,
            addresses: configuration.addresses,
            fixed: configuration.fixed,
            attributes: configuration.attributes.flatMap { attribute in
                attribute.values.map { ConfigurationAttribute(attribute.kind, $0) }
            }
        )
    }
}

extension ConfigurationAttribute {
    /// Which of the two families the attribute is of, the value says (RFC 7296 section 3.15.1).
    fileprivate init(_ kind: PoolConfiguration.Attribute.Kind, _ value: PoolConfiguration.Attribute.Value) {
        let isV4 = value.family == .v4
        let type: ConfigurationAttributeType =
            switch kind {
            case .dns: isV4 ? .internalIP4DNS : .internalIP6DNS
            case .nbns: .internalIP4NBNS
            case .dhcp: isV4 ? .internalIP4DHCP : .internalIP6DHCP
            case .netmask: .internalIP4Netmask
            case .subnet: isV4 ? .internalIP4Subnet : .internalIP6Subnet
            case .number(let number): ConfigurationAttributeType(rawValue: number)
            }
        self.init(type, value: value.octets)
    }
}

extension PoolConfiguration.Attribute.Value {
    fileprivate var family: IPAddress.Family? {
        switch self {
        case .address(let address): address.family
        case .prefix(let prefix): prefix.family
        case .text: nil
        }
    }

    /// A network of IPv4 has a mask behind its address, one of IPv6 the length of its prefix.
    fileprivate var octets: [UInt8] {
        switch self {
        case .address(let address): address.bytes
        case .prefix(let prefix) where prefix.family == .v4:
            prefix.address.bytes + Self.mask(prefix.length)
        case .prefix(let prefix): prefix.address.bytes + [UInt8(clamping: prefix.length)]
        case .text(let text): Array(text.utf8)
        }
    }

    private static func mask(_ length: Int) -> [UInt8] {
        let bits = length == 0 ? 0 : UInt32.max << UInt32(32 - length)
        return IPAddress(v4: bits).bytes
    }
}

extension SharedKey {
    init(_ configuration: SecretConfiguration) {
        self.init(
            name: configuration.name,
            owners: configuration.owners,
            secret: SecretBytes(copying: configuration.data.bytes)
        )
    }
}

extension EAPSecret {
    init(_ configuration: SecretConfiguration) {
        self.init(
            name: configuration.name,
            users: configuration.users.map { Array($0.utf8) },
            password: SecretBytes(copying: configuration.data.bytes)
        )
    }
}

extension Settings {
    init(_ daemon: DaemonSettings) {
        self.init()
        retransmission.timeout = daemon.retransmitTimeout
        retransmission.base = daemon.retransmitBase
        retransmission.tries = daemon.retransmitTries
        halfOpenTimeout = daemon.halfOpenTimeout
        cookieThreshold = daemon.cookieThreshold == 0 ? .max : daemon.cookieThreshold
        cookieThresholdPerPeer = daemon.cookieThresholdPerPeer == 0 ? .max : daemon.cookieThresholdPerPeer
        blockThreshold = daemon.blockThreshold == 0 ? .max : daemon.blockThreshold
        halfOpenLimit = daemon.halfOpenLimit == 0 ? Settings.mostHalfOpen : daemon.halfOpenLimit
        puzzleDifficulty = daemon.puzzleDifficulty
        keepaliveInterval = daemon.keepAlive
        retryInterval = daemon.retryInterval.orNilIfZero
        earlyRekey = daemon.earlyRekey.orNilIfZero
        fragmentSize = daemon.fragmentSize
        windowSize = daemon.requestWindow
        probesPath = daemon.probePathMTU
        fetchesCertificates = daemon.hashAndURL
        ikePort = daemon.port
        natTraversalPort = daemon.portNATT
        exportsKeys = daemon.keyLog != nil
    }
}

extension ConnectionConfiguration {
    /// A day, unless `over_time` says otherwise or rekeying comes later than that.
    var hardLifetime: Duration? {
        let day: Duration = .seconds(86_400)
        let longer = max(rekeyTime, reauthTime)
        guard longer > .zero else { return day }
        guard let overTime else { return max(day, longer + longer / 10) }
        return overTime > .zero ? longer + overTime : nil
    }

    /// When the initiator authenticates again, and the end that no rekeying puts off.
    var reauthentication: Lifetime? {
        guard reauthTime > .zero else { return nil }
        let over = overTime ?? reauthTime / 10
        return Lifetime(
            rekey: reauthTime,
            jitter: min(randTime, reauthTime / 2),
            hard: over > .zero ? reauthTime + over : nil
        )
    }
}

extension Duration {
    var orNilIfZero: Duration? { self > .zero ? self : nil }
}
