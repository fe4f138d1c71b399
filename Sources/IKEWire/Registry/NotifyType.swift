/// What a notification says (RFC 7296 section 3.10.1; IANA "IKEv2 Notify Message Error Types" and "Status Types").
package struct NotifyType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    // Errors, below 16384.
    package static let unsupportedCriticalPayload = Self(rawValue: 1)
    package static let invalidIKESPI = Self(rawValue: 4)
    package static let invalidMajorVersion = Self(rawValue: 5)
    package static let invalidSyntax = Self(rawValue: 7)
    package static let invalidMessageID = Self(rawValue: 9)
    package static let invalidSPI = Self(rawValue: 11)
    package static let noProposalChosen = Self(rawValue: 14)
    package static let invalidKEPayload = Self(rawValue: 17)
    package static let authenticationFailed = Self(rawValue: 24)
    package static let singlePairRequired = Self(rawValue: 34)
    package static let noAdditionalSAs = Self(rawValue: 35)
    package static let internalAddressFailure = Self(rawValue: 36)
    package static let failedCPRequired = Self(rawValue: 37)
    package static let tsUnacceptable = Self(rawValue: 38)
    package static let invalidSelectors = Self(rawValue: 39)
    /// RFC 4555, as the next one.
    package static let unacceptableAddresses = Self(rawValue: 40)
    package static let unexpectedNATDetected = Self(rawValue: 41)
    /// RFC 5026.
    package static let useAssignedHoA = Self(rawValue: 42)
    package static let temporaryFailure = Self(rawValue: 43)
    package static let childSANotFound = Self(rawValue: 44)
    /// G-IKEv2, as the next one.
    package static let invalidGroupID = Self(rawValue: 45)
    package static let authorizationFailed = Self(rawValue: 46)
    /// RFC 9370.
    package static let stateNotFound = Self(rawValue: 47)
    /// RFC 9611.
    package static let tsMaxQueue = Self(rawValue: 48)
    /// G-IKEv2.
    package static let registrationFailed = Self(rawValue: 49)

    // Status.
    package static let initialContact = Self(rawValue: 16384)
    package static let setWindowSize = Self(rawValue: 16385)
    package static let additionalTSPossible = Self(rawValue: 16386)
    package static let ipCompSupported = Self(rawValue: 16387)
    package static let natDetectionSourceIP = Self(rawValue: 16388)
    package static let natDetectionDestinationIP = Self(rawValue: 16389)
    package static let cookie = Self(rawValue: 16390)
    package static let useTransportMode = Self(rawValue: 16391)
    package static let httpCertLookupSupported = Self(rawValue: 16392)
    package static let rekeySA = Self(rawValue: 16393)
    package static let espTFCPaddingNotSupported = Self(rawValue: 16394)
    package static let nonFirstFragmentsAlso = Self(rawValue: 16395)
    /// RFC 4555, as the next six.
    package static let mobikeSupported = Self(rawValue: 16396)
    package static let additionalIP4Address = Self(rawValue: 16397)
    package static let additionalIP6Address = Self(rawValue: 16398)
    package static let noAdditionalAddresses = Self(rawValue: 16399)
    package static let updateSAAddresses = Self(rawValue: 16400)
    package static let cookie2 = Self(rawValue: 16401)
    package static let noNATsAllowed = Self(rawValue: 16402)
    /// RFC 4478.
    package static let authLifetime = Self(rawValue: 16403)
    /// RFC 4739, as the next one.
    package static let multipleAuthSupported = Self(rawValue: 16404)
    package static let anotherAuthFollows = Self(rawValue: 16405)
    /// RFC 5685, as the next two.
    package static let redirectSupported = Self(rawValue: 16406)
    package static let redirect = Self(rawValue: 16407)
    package static let redirectedFrom = Self(rawValue: 16408)
    /// RFC 5723, as the next four.
    package static let ticketLTOpaque = Self(rawValue: 16409)
    package static let ticketRequest = Self(rawValue: 16410)
    package static let ticketAck = Self(rawValue: 16411)
    package static let ticketNack = Self(rawValue: 16412)
    package static let ticketOpaque = Self(rawValue: 16413)
    /// RFC 5739.
    package static let linkID = Self(rawValue: 16414)
    /// RFC 5840.
    package static let useWESPMode = Self(rawValue: 16415)
    /// RFC 5857.
    package static let rohcSupported = Self(rawValue: 16416)
    /// RFC 5998.
    package static let eapOnlyAuthentication = Self(rawValue: 16417)
    /// RFC 6023.
    package static let childlessIKEv2Supported = Self(rawValue: 16418)
    /// RFC 6290.
    package static let quickCrashDetection = Self(rawValue: 16419)
    /// RFC 6311, as the next three.
    package static let ikev2MessageIDSyncSupported = Self(rawValue: 16420)
    package static let ipsecReplayCounterSyncSupported = Self(rawValue: 16421)
    package static let ikev2MessageIDSync = Self(rawValue: 16422)
    package static let ipsecReplayCounterSync = Self(rawValue: 16423)
    /// RFC 6467.
    package static let securePasswordMethods = Self(rawValue: 16424)
    /// RFC 6631, as the next one.
    package static let pskPersist = Self(rawValue: 16425)
    package static let pskConfirm = Self(rawValue: 16426)
    /// RFC 6867.
    package static let erxSupported = Self(rawValue: 16427)
    /// 3GPP.
    package static let ifomCapability = Self(rawValue: 16428)
    /// G-IKEv2.
    package static let groupSender = Self(rawValue: 16429)
    /// RFC 7383.
    package static let ikev2FragmentationSupported = Self(rawValue: 16430)
    /// RFC 7427.
    package static let signatureHashAlgorithms = Self(rawValue: 16431)
    /// RFC 7791, as the next one.
    package static let cloneIKESASupported = Self(rawValue: 16432)
    package static let cloneIKESA = Self(rawValue: 16433)
    /// RFC 8019.
    package static let puzzle = Self(rawValue: 16434)
    /// RFC 8784, as the next two.
    package static let usePPK = Self(rawValue: 16435)
    package static let ppkIdentity = Self(rawValue: 16436)
    package static let noPPKAuth = Self(rawValue: 16437)
    /// RFC 9242.
    package static let intermediateExchangeSupported = Self(rawValue: 16438)
    /// RFC 8983, as the next one.
    package static let ip4Allowed = Self(rawValue: 16439)
    package static let ip6Allowed = Self(rawValue: 16440)
    /// RFC 9370.
    package static let additionalKeyExchange = Self(rawValue: 16441)
    /// RFC 9347.
    package static let useAGGFRAG = Self(rawValue: 16442)
    /// RFC 9593.
    package static let supportedAuthMethods = Self(rawValue: 16443)
    /// RFC 9611.
    package static let saResourceInfo = Self(rawValue: 16444)
    /// RFC 9867, as the next one.
    package static let usePPKInt = Self(rawValue: 16445)
    package static let ppkIdentityKey = Self(rawValue: 16446)
    /// Early allocation for a draft on the prevention of downgrades.
    package static let ikeSAInitFullTranscriptAuth = Self(rawValue: 16447)
}

extension NotifyType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .unsupportedCriticalPayload: "UNSUPPORTED_CRITICAL_PAYLOAD"
        case .invalidIKESPI: "INVALID_IKE_SPI"
        case .invalidMajorVersion: "INVALID_MAJOR_VERSION"
        case .invalidSyntax: "INVALID_SYNTAX"
        case .invalidMessageID: "INVALID_MESSAGE_ID"
        case .invalidSPI: "INVALID_SPI"
        case .noProposalChosen: "NO_PROPOSAL_CHOSEN"
        case .invalidKEPayload: "INVALID_KE_PAYLOAD"
        case .authenticationFailed: "AUTHENTICATION_FAILED"
        case .singlePairRequired: "SINGLE_PAIR_REQUIRED"
        case .noAdditionalSAs: "NO_ADDITIONAL_SAS"
        case .internalAddressFailure: "INTERNAL_ADDRESS_FAILURE"
        case .failedCPRequired: "FAILED_CP_REQUIRED"
        case .tsUnacceptable: "TS_UNACCEPTABLE"
        case .invalidSelectors: "INVALID_SELECTORS"
        case .unacceptableAddresses: "UNACCEPTABLE_ADDRESSES"
        case .unexpectedNATDetected: "UNEXPECTED_NAT_DETECTED"
        case .useAssignedHoA: "USE_ASSIGNED_HoA"
        case .temporaryFailure: "TEMPORARY_FAILURE"
        case .childSANotFound: "CHILD_SA_NOT_FOUND"
        case .invalidGroupID: "INVALID_GROUP_ID"
        case .authorizationFailed: "AUTHORIZATION_FAILED"
        case .stateNotFound: "STATE_NOT_FOUND"
        case .tsMaxQueue: "TS_MAX_QUEUE"
        case .registrationFailed: "REGISTRATION_FAILED"
        case .initialContact: "INITIAL_CONTACT"
        case .setWindowSize: "SET_WINDOW_SIZE"
        case .additionalTSPossible: "ADDITIONAL_TS_POSSIBLE"
        case .ipCompSupported: "IPCOMP_SUPPORTED"
        case .natDetectionSourceIP: "NAT_DETECTION_SOURCE_IP"
        case .natDetectionDestinationIP: "NAT_DETECTION_DESTINATION_IP"
        case .cookie: "COOKIE"
        case .useTransportMode: "USE_TRANSPORT_MODE"
        case .httpCertLookupSupported: "HTTP_CERT_LOOKUP_SUPPORTED"
        case .rekeySA: "REKEY_SA"
        case .espTFCPaddingNotSupported: "ESP_TFC_PADDING_NOT_SUPPORTED"
        case .nonFirstFragmentsAlso: "NON_FIRST_FRAGMENTS_ALSO"
        case .mobikeSupported: "MOBIKE_SUPPORTED"
        case .additionalIP4Address: "ADDITIONAL_IP4_ADDRESS"
        case .additionalIP6Address: "ADDITIONAL_IP6_ADDRESS"
        case .noAdditionalAddresses: "NO_ADDITIONAL_ADDRESSES"
        case .updateSAAddresses: "UPDATE_SA_ADDRESSES"
        case .cookie2: "COOKIE2"
        case .noNATsAllowed: "NO_NATS_ALLOWED"
        case .authLifetime: "AUTH_LIFETIME"
        case .multipleAuthSupported: "MULTIPLE_AUTH_SUPPORTED"
        case .anotherAuthFollows: "ANOTHER_AUTH_FOLLOWS"
        case .redirectSupported: "REDIRECT_SUPPORTED"
        case .redirect: "REDIRECT"
        case .redirectedFrom: "REDIRECTED_FROM"
        case .ticketLTOpaque: "TICKET_LT_OPAQUE"
        case .ticketRequest: "TICKET_REQUEST"
        case .ticketAck: "TICKET_ACK"
        case .ticketNack: "TICKET_NACK"
        case .ticketOpaque: "TICKET_OPAQUE"
        case .linkID: "LINK_ID"
        case .useWESPMode: "USE_WESP_MODE"
        case .rohcSupported: "ROHC_SUPPORTED"
        case .eapOnlyAuthentication: "EAP_ONLY_AUTHENTICATION"
        case .childlessIKEv2Supported: "CHILDLESS_IKEV2_SUPPORTED"
        case .quickCrashDetection: "QUICK_CRASH_DETECTION"
        case .ikev2MessageIDSyncSupported: "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"
        case .ipsecReplayCounterSyncSupported: "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED"
        case .ikev2MessageIDSync: "IKEV2_MESSAGE_ID_SYNC"
        case .ipsecReplayCounterSync: "IPSEC_REPLAY_COUNTER_SYNC"
        case .securePasswordMethods: "SECURE_PASSWORD_METHODS"
        case .pskPersist: "PSK_PERSIST"
        case .pskConfirm: "PSK_CONFIRM"
        case .erxSupported: "ERX_SUPPORTED"
        case .ifomCapability: "IFOM_CAPABILITY"
        case .groupSender: "GROUP_SENDER"
        case .ikev2FragmentationSupported: "IKEV2_FRAGMENTATION_SUPPORTED"
        case .signatureHashAlgorithms: "SIGNATURE_HASH_ALGORITHMS"
        case .cloneIKESASupported: "CLONE_IKE_SA_SUPPORTED"
        case .cloneIKESA: "CLONE_IKE_SA"
        case .puzzle: "PUZZLE"
        case .usePPK: "USE_PPK"
        case .ppkIdentity: "PPK_IDENTITY"
        case .noPPKAuth: "NO_PPK_AUTH"
        case .intermediateExchangeSupported: "INTERMEDIATE_EXCHANGE_SUPPORTED"
        case .ip4Allowed: "IP4_ALLOWED"
        case .ip6Allowed: "IP6_ALLOWED"
        case .additionalKeyExchange: "ADDITIONAL_KEY_EXCHANGE"
        case .useAGGFRAG: "USE_AGGFRAG"
        case .supportedAuthMethods: "SUPPORTED_AUTH_METHODS"
        case .saResourceInfo: "SA_RESOURCE_INFO"
        case .usePPKInt: "USE_PPK_INT"
        case .ppkIdentityKey: "PPK_IDENTITY_KEY"
        case .ikeSAInitFullTranscriptAuth: "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH"
        default: "notify type \(rawValue)"
        }
    }
}

extension NotifyType {
    /// The types below this one report errors (RFC 7296 section 3.10.1).
    private static let firstStatusType: UInt16 = 16384

    /// True for an error, known or not: in a response it means that the request failed.
    package var isError: Bool { rawValue < Self.firstStatusType }
}
