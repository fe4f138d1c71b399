# Proof that the keys a daemon exported open a capture. Sourced; needs report.sh.
#
# The directory holds cable.pcap and Wireshark's tables `ikev2_decryption_table` and `esp_sa`, which tshark reads from
# its own configuration directory.

decryption_verify() { # DIRECTORY
    local directory=$1 table authenticated pings
    step "Reading the capture with the exported keys"
    for table in ikev2_decryption_table esp_sa; do
        [[ -s $directory/$table ]] || die "the daemons exported no $table to $directory"
        # Both tables have at least eight columns; some may be empty.
        ! grep -qvE '^(#.*|([^,]*,){7}.*)$' "$directory/$table" || die "$directory/$table is not in Wireshark's format"
    done
    authenticated=$(decryption_count "$directory" 'isakmp.exchangetype == 35 && isakmp.auth.data')
    ((authenticated >= 2)) || die "tshark opens $authenticated IKE_AUTH messages of $directory/cable.pcap, not 2"
    pings=$(decryption_count "$directory" 'esp && icmp && ip.addr == 10.1.0.1 && ip.addr == 10.2.0.1')
    ((pings >= 12)) || die "tshark finds $pings pings inside ESP in $directory/cable.pcap, not 12"
    note "tshark opened both IKE_AUTH messages and found $pings pings inside ESP"
    note "read it: WIRESHARK_CONFIG_DIR=$directory tshark -o esp.enable_encryption_decode:TRUE -r $directory/cable.pcap"
}

decryption_count() { # DIRECTORY FILTER
    WIRESHARK_CONFIG_DIR=$1 timeout 120 tshark -n -r "$1/cable.pcap" \
        -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:FALSE -Y "$2" 2>/dev/null | wc -l
}
