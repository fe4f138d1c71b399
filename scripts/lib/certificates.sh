# Keys and certificates for the ends of a tunnel, made by OpenSSL's own tool. Sourced; needs workspace.sh and peer.sh.
#
# Everything lives in $WORK/pki: NAME.key and NAME.pem. A host gets what it shall have into directories laid out as
# swanctl's, which both daemons read.

pki_file() { # NAME SUFFIX
    printf '%s/pki/%s.%s' "$WORK" "$1" "$2"
}

pki_tool() { # ARGUMENT...
    openssl "$@" 2>"$WORK/openssl.log" || {
        show_file "$WORK/openssl.log" 8
        die "openssl $1 failed ($WORK/openssl.log)"
    }
}

# A private key: rsa, ecdsa256, ecdsa384, ecdsa521, ed25519 or ed448.
pki_key() { # NAME KIND
    mkdir -p "$WORK/pki"
    local options=()
    case $2 in
        rsa) options=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048) ;;
        ecdsa256) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
        ecdsa384) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
        ecdsa521) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-521) ;;
        ed25519 | ed448) options=(-algorithm "$2") ;;
        *) die "no such kind of key: $2" ;;
    esac
    pki_tool genpkey "${options[@]}" -out "$(pki_file "$1" key)"
    chmod 600 "$(pki_file "$1" key)"
}

# Digests are named for the keys that take one; the Edwards curves have their own.
pki_digest() { # KEY-FILE
    if openssl pkey -in "$1" -noout -text 2>/dev/null | grep -qE '^(ED25519|ED448)'; then return; fi
    echo -sha384
}

# A certificate by the authority ISSUER, or by itself where that is `-`. Extensions are lines of an OpenSSL configuration.
# The serial number begins with a bit of 0: Debian's strongSwan loses the octet of zero in front of others when it asks by OCSP.
pki_certificate() { # NAME ISSUER DAYS EXTENSIONS
    local request extensions digest signer=()
    request=$(pki_file "$1" csr) extensions=$(pki_file "$1" ext)
    printf '%s\n' "$4" >"$extensions"
    digest=$(pki_digest "$(pki_file "$1" key)")
    # shellcheck disable=SC2086 # no digest is no argument
    pki_tool req -new -key "$(pki_file "$1" key)" -subj "/C=CH/O=Interop/CN=$1" $digest -out "$request"
    if [[ $2 == - ]]; then
        signer=(-signkey "$(pki_file "$1" key)")
    else
        signer=(-CA "$(pki_file "$2" pem)" -CAkey "$(pki_file "$2" key)")
        digest=$(pki_digest "$(pki_file "$2" key)")
    fi
    # shellcheck disable=SC2086
    pki_tool x509 -req -in "$request" "${signer[@]}" -set_serial "0x01$(openssl rand -hex 7)" -days "$3" $digest \
        -extfile "$extensions" -out "$(pki_file "$1" pem)"
}

# An authority with a key of its own, the root where ISSUER is `-`.
pki_authority() { # NAME ISSUER [KIND]
    pki_key "$1" "${3:-ecdsa256}"
    pki_certificate "$1" "$2" 3650 $'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash'
}

# The certificate of an end.
pki_end() { # NAME ISSUER KIND [SUBJECT-ALTERNATIVE-NAME [DAYS]]
    pki_key "$1" "$3"
    pki_certificate "$1" "$2" "${5:-365}" \
        "subjectAltName = ${4:-DNS:$1}"$'\nkeyUsage = digitalSignature\nextendedKeyUsage = serverAuth, clientAuth'
}

# The list of the certificates that an authority has revoked.
pki_revoke() { # AUTHORITY NAME...
    local authority=$1 name database=$WORK/pki/$1.db
    shift
    mkdir -p "$database"
    : >"$database/index.txt"
    echo 01 >"$database/number"
    cat >"$database/ca.conf" <<CONF
[ca]
default_ca = this
[this]
database = $database/index.txt
crlnumber = $database/number
default_md = sha256
default_crl_days = 30
CONF
    for name in "$@"; do
        pki_tool ca -config "$database/ca.conf" -keyfile "$(pki_file "$authority" key)" \
            -cert "$(pki_file "$authority" pem)" -revoke "$(pki_file "$name" pem)"
    done
    pki_tool ca -config "$database/ca.conf" -keyfile "$(pki_file "$authority" key)" \
        -cert "$(pki_file "$authority" pem)" -gencrl -out "$(pki_file "$authority" crl)"
}

# MARK: - Giving them to a host

pki_directory() { # HOST
    if [[ $(peer_family "$1") == iked ]]; then
        peer_directory "$1"
    else
        printf '%s/swanctl' "$(peer_directory "$1")"
    fi
}

pki_give() { # HOST FILE DIRECTORY
    mkdir -p "$(pki_directory "$1")/$3"
    cp -p "$2" "$(pki_directory "$1")/$3/"
}

# The end's certificate with its key, and the authorities that it knows.
pki_equip() { # HOST NAME AUTHORITY...
    local host=$1 name=$2
    shift 2
    pki_give "$host" "$(pki_file "$name" pem)" x509
    pki_give "$host" "$(pki_file "$name" key)" private
    pki_trust "$host" "$@"
}

pki_trust() { # HOST AUTHORITY...
    local host=$1 authority
    shift
    for authority in "$@"; do pki_give "$host" "$(pki_file "$authority" pem)" x509ca; done
}
