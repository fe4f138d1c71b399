# Windows 10 and 11: the connection to gateway-certificates.conf. To be run as administrator, after the person's
# certificate and key (PKCS #12) were put into the computer's store and the CA into its trusted roots:
#   Import-PfxCertificate -FilePath ada.p12 -CertStoreLocation Cert:\LocalMachine\My
#   Import-Certificate -FilePath ca.pem -CertStoreLocation Cert:\LocalMachine\Root
# For gateway-passwords.conf: -AuthenticationMethod Eap instead, and only the CA.
$name = 'Work'
Add-VpnConnection -Name $name -ServerAddress vpn.example.org -TunnelType Ikev2 `
    -AuthenticationMethod MachineCertificate -EncryptionLevel Maximum -Force
# Out of the box Windows offers Diffie-Hellman with 1024 bits only, which the gateway refuses.
Set-VpnConnectionIPsecConfiguration -ConnectionName $name -Force `
    -EncryptionMethod AES256 -IntegrityCheckMethod SHA256 -DHGroup Group14 `
    -CipherTransformConstants GCMAES256 -AuthenticationTransformConstants GCMAES256 -PfsGroup None
