/* yardstick.c: how fast can a tunnel of ESP in UDP be in user space on this machine?
 *
 * The data path alone, with static keys and no protocol: AES-256-GCM framed as RFC 4106 has it, tunnel mode, IPv4, one peer.
 * It is what scripts/bench measures iked against, and no part of the product.
 *
 *   yardstick TUN LOCAL REMOTE SPI_OUT SPI_IN [FLAGS]
 *     t  TUN offload: IFF_VNET_HDR and TUNSETOFFLOAD(CSUM|TSO4), reads and writes of up to 64 KiB
 *     s  UDP_SEGMENT on send        r  UDP_GRO on receive
 *     m  sendmmsg and recvmmsg where s and r are not used
 *     2  two threads, one for each direction, instead of one loop
 *     n  do not verify inner TCP checksums before merging
 *     z  no cipher, copies only: what the I/O alone costs
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#define VN sizeof(struct virtio_net_hdr)
#define UMAX 65000          /* bytes per GSO send */
#define SMAX 64             /* segments per GSO send (UDP_MAX_SEGMENTS before 6.9) */

static int f_tun, f_ugso, f_ugro, f_mmsg, f_two, f_nocsum, f_null;
static int tunfd, udpfd;
static uint64_t st_rd, st_wr, st_tx, st_rx, st_seg, st_bad, st_drop, st_rseg;
static volatile int stop;
static void die(const char *m) { perror(m); exit(1); }

/* ---- checksums ---- */
static inline uint64_t sum(const uint8_t *p, size_t n, uint64_t s) {
  uint64_t a = 0; size_t i, w = n / 4;
  for (i = 0; i < w; i++) { uint32_t v; memcpy(&v, p + 4 * i, 4); a += v; }
  p += 4 * w; n &= 3; s += a;
  if (n >= 2) { uint16_t v; memcpy(&v, p, 2); s += v; p += 2; n -= 2; }
  if (n) s += *p;
  return s;
}
static inline uint16_t fold(uint64_t s) {
  s = (s & 0xffffffff) + (s >> 32); s = (s & 0xffffffff) + (s >> 32);
  s = (s & 0xffff) + (s >> 16); s = (s & 0xffff) + (s >> 16); return (uint16_t)s;
}
static inline uint64_t pseudo(const uint8_t *ip, uint16_t l4len, uint8_t proto) {
  return sum(ip + 12, 8, 0) + htons(l4len) + htons(proto);
}

/* ---- ESP ---- */
typedef EVP_CIPHER_CTX ctx_t;
struct sa { ctx_t *c; uint32_t spi; uint32_t seq; uint8_t salt[4]; uint64_t win[16]; };
static void sa_init(struct sa *s, uint32_t spi, int enc) {
  uint8_t key[32]; for (int i = 0; i < 32; i++) key[i] = (uint8_t)(spi * 31 + i * 7);
  memset(s, 0, sizeof *s); s->spi = spi; memset(s->salt, (int)spi, 4);
  s->c = EVP_CIPHER_CTX_new();
  if (enc) EVP_EncryptInit_ex(s->c, EVP_aes_256_gcm(), NULL, key, NULL);
  else EVP_DecryptInit_ex(s->c, EVP_aes_256_gcm(), NULL, key, NULL);
}
/* plaintext of n bytes already at d+16; returns the ESP packet length */
static inline int seal(struct sa *s, uint8_t *d, int n) {
  uint8_t iv[12]; int l, pad = (-(n + 2)) & 3;
  uint32_t v = htonl(s->spi), q = htonl(++s->seq);
  memcpy(d, &v, 4); memcpy(d + 4, &q, 4); memset(d + 8, 0, 4); memcpy(d + 12, &q, 4);
  uint8_t *t = d + 16 + n;
  for (int i = 0; i < pad; i++) *t++ = i + 1;
  *t++ = pad; *t++ = 4; n += pad + 2;
  if (f_null) return 16 + n + 16;
  memcpy(iv, s->salt, 4); memcpy(iv + 4, d + 8, 8);
  EVP_EncryptInit_ex(s->c, NULL, NULL, NULL, iv);
  EVP_EncryptUpdate(s->c, NULL, &l, d, 8);
  EVP_EncryptUpdate(s->c, d + 16, &l, d + 16, n);
  EVP_EncryptFinal_ex(s->c, t, &l);
  EVP_CIPHER_CTX_ctrl(s->c, EVP_CTRL_AEAD_GET_TAG, 16, t);
  return 16 + n + 16;
}
/* returns inner length at d+16 or -1 */
static inline int unseal(struct sa *s, uint8_t *d, int n) {
  uint8_t iv[12]; int l; uint32_t v, q;
  if (n < 16 + 4 + 16) return -1;
  memcpy(&v, d, 4); memcpy(&q, d + 4, 4); q = ntohl(q);
  if (ntohl(v) != s->spi) return -1;
  if (q + 1024 <= s->seq || (q <= s->seq && (s->win[(q >> 6) & 15] >> (q & 63)) & 1)) return -1;
  n -= 32;
  if (!f_null) {
    memcpy(iv, s->salt, 4); memcpy(iv + 4, d + 8, 8);
    EVP_DecryptInit_ex(s->c, NULL, NULL, NULL, iv);
    EVP_DecryptUpdate(s->c, NULL, &l, d, 8);
    EVP_DecryptUpdate(s->c, d + 16, &l, d + 16, n);
    EVP_CIPHER_CTX_ctrl(s->c, EVP_CTRL_AEAD_SET_TAG, 16, d + 16 + n);
    if (EVP_DecryptFinal_ex(s->c, d + 16 + n, &l) <= 0) return -1;
  }
  if (q > s->seq) {
    uint32_t b = s->seq >> 6, e = q >> 6; if (e - b > 16) b = e - 16;
    while (b < e) s->win[++b & 15] = 0;
    s->seq = q;
  }
  s->win[(q >> 6) & 15] |= 1ull << (q & 63);
  int pl = d[16 + n - 2];
  return n - 2 - pl < 20 ? -1 : n - 2 - pl;
}

/* ---- TUN -> UDP ---- */
static struct sa so;
static uint8_t txb[UMAX + 4096]; static int txlen, txseg, txn, txshort;
static int txoff[2048], txl[2048];
static void wait_w(int fd) { struct pollfd p = {fd, POLLOUT, 0}; poll(&p, 1, 100); }
static void tx_flush(void) {
  if (!txn) return;
  if (txn == 1 || (!f_ugso && !f_mmsg)) {
    for (int i = 0; i < txn; i++) { st_tx++; while (send(udpfd, txb + txoff[i], txl[i], 0) < 0 && errno == EAGAIN) wait_w(udpfd); }
  } else if (f_ugso) {
    struct iovec io = {txb, txlen}; char cb[CMSG_SPACE(2)] = {0};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = cb, .msg_controllen = sizeof cb};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m); c->cmsg_level = SOL_UDP; c->cmsg_type = UDP_SEGMENT; c->cmsg_len = CMSG_LEN(2);
    uint16_t g = txseg; memcpy(CMSG_DATA(c), &g, 2); st_tx++;
    while (sendmsg(udpfd, &m, 0) < 0) { if (errno == EAGAIN) wait_w(udpfd); else { st_drop++; break; } }
  } else {
    struct mmsghdr mm[SMAX]; struct iovec io[SMAX]; memset(mm, 0, sizeof(mm[0]) * txn);
    for (int i = 0; i < txn; i++) { io[i] = (struct iovec){txb + txoff[i], txl[i]}; mm[i].msg_hdr.msg_iov = &io[i]; mm[i].msg_hdr.msg_iovlen = 1; }
    for (int o = 0; o < txn;) { st_tx++; int r = sendmmsg(udpfd, mm + o, txn - o, 0);
      if (r < 0) { if (errno == EAGAIN) { wait_w(udpfd); continue; } st_drop++; break; } o += r; }
  }
  txlen = txn = txshort = 0;
}
/* room for an inner packet of n bytes; returns where its plaintext goes */
static inline uint8_t *tx_room(int n) {
  int tot = 32 + n + 2 + ((-(n + 2)) & 3);
  if (txn && (txn >= SMAX || txlen + tot > UMAX || (f_ugso && (txshort || tot > txseg)))) tx_flush();
  return txb + txlen + 16;
}
static inline void tx_commit(int n) {
  int l = seal(&so, txb + txlen, n);
  if (!txn) txseg = l; else if (l < txseg) txshort = 1;
  txoff[txn] = txlen; txl[txn++] = l; txlen += l; st_seg++;
}
static void tun_packet(uint8_t *b, int n) {
  if (!f_tun) { memcpy(tx_room(n), b, n); tx_commit(n); return; }
  struct virtio_net_hdr h; memcpy(&h, b, VN); b += VN; n -= VN;
  if (n < 20 || (b[0] >> 4) != 4) { if (n > 0 && n < 1600) { memcpy(tx_room(n), b, n); tx_commit(n); } return; }
  int ihl = (b[0] & 15) * 4;
  if ((h.gso_type & 0x7f) == VIRTIO_NET_HDR_GSO_NONE) {
    if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
      uint16_t c = ~fold(sum(b + h.csum_start, n - h.csum_start, 0));
      if (!c) c = 0xffff;
      memcpy(b + h.csum_start + h.csum_offset, &c, 2);
    }
    memcpy(tx_room(n), b, n); tx_commit(n); return;
  }
  int thl = (b[ihl + 12] >> 4) * 4, hl = ihl + thl, mss = h.gso_size, pay = n - hl;
  uint32_t seq; memcpy(&seq, b + ihl + 4, 4); seq = ntohl(seq);
  uint16_t id; memcpy(&id, b + 4, 2); id = ntohs(id); uint8_t fl = b[ihl + 13];
  for (int off = 0; off < pay; off += mss) {
    int pl = pay - off < mss ? pay - off : mss, tl = hl + pl, last = off + pl >= pay;
    uint8_t *d = tx_room(tl); memcpy(d, b, hl); memcpy(d + hl, b + hl + off, pl);
    uint16_t v = htons(tl); memcpy(d + 2, &v, 2); v = htons(id++); memcpy(d + 4, &v, 2);
    memset(d + 10, 0, 2); v = ~fold(sum(d, ihl, 0)); memcpy(d + 10, &v, 2);
    uint32_t q = htonl(seq + off); memcpy(d + ihl + 4, &q, 4);
    d[ihl + 13] = (last ? fl : fl & ~0x09) & (off ? ~0x80 : 0xff);
    memset(d + ihl + 16, 0, 2);
    v = ~fold(sum(d + ihl, thl + pl, pseudo(d, thl + pl, 6))); memcpy(d + ihl + 16, &v, 2);
    tx_commit(tl);
  }
}
static int pump_tx(void) {      /* drain the TUN; 0 when it was empty at once */
  static uint8_t rb[70000]; int k, batch = (f_ugso || f_mmsg) ? 64 : 1;
  for (k = 0; k < batch; k++) {
    int n = read(tunfd, rb, sizeof rb);
    if (n <= 0) break;
    st_rd++; tun_packet(rb, n);
  }
  tx_flush();
  return k;
}

/* ---- UDP -> TUN ---- */
static struct sa si;
static struct { uint8_t *hdr; int hl, ihl, n, pay, gso, closed; uint32_t next; struct iovec io[80]; } co;
static struct virtio_net_hdr vh0;
static void tun_write1(uint8_t *p, int n) {
  st_wr++;
  if (f_tun) { struct iovec io[2] = {{&vh0, VN}, {p, n}}; if (writev(tunfd, io, 2) < 0) st_drop++; }
  else if (write(tunfd, p, n) < 0) st_drop++;
}
static void co_flush(void) {
  if (!co.n) return;
  uint8_t *h = co.hdr;
  if (co.n == 1) tun_write1(h, co.hl + co.pay);
  else {
    struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
      .hdr_len = co.hl, .gso_size = co.gso, .csum_start = co.ihl, .csum_offset = 16};
    uint16_t x = htons(co.hl + co.pay); memcpy(h + 2, &x, 2);
    memset(h + 10, 0, 2); x = ~fold(sum(h, co.ihl, 0)); memcpy(h + 10, &x, 2);
    x = fold(pseudo(h, co.hl - co.ihl + co.pay, 6)); memcpy(h + co.ihl + 16, &x, 2);
    co.io[0] = (struct iovec){&v, VN}; st_wr++;
    if (writev(tunfd, co.io, co.n + 1) < 0) st_drop++;
  }
  co.n = 0;
}
static void co_add(uint8_t *p, int n) {
  int ihl = (p[0] & 15) * 4, tot = p[2] << 8 | p[3];
  if ((p[0] >> 4) != 4 || tot > n || ihl != 20) { co_flush(); tun_write1(p, n); return; }
  n = tot;
  if (p[9] != 6 || n < 40 || (p[6] & 0x3f) || p[7]) goto single;
  int thl = (p[ihl + 12] >> 4) * 4, hl = ihl + thl, pl = n - hl; uint8_t fl = p[ihl + 13];
  if (pl <= 0 || (fl & ~0x18) || !(fl & 0x10)) goto single;
  if (!f_nocsum && fold(sum(p + ihl, n - ihl, pseudo(p, n - ihl, 6))) != 0xffff) goto single;
  uint32_t seq; memcpy(&seq, p + ihl + 4, 4); seq = ntohl(seq);
  if (co.n && !co.closed && co.n < SMAX && seq == co.next && hl == co.hl && pl <= co.gso &&
      co.hl + co.pay + pl <= 65535 && !memcmp(p + 12, co.hdr + 12, 8) && p[1] == co.hdr[1] && p[8] == co.hdr[8] &&
      !memcmp(p + ihl, co.hdr + ihl, 4) && !memcmp(p + ihl + 8, co.hdr + ihl + 8, 5) &&
      !memcmp(p + ihl + 14, co.hdr + ihl + 14, 2) && !memcmp(p + ihl + 20, co.hdr + ihl + 20, thl - 20)) {
    co.io[++co.n] = (struct iovec){p + hl, pl}; co.pay += pl; co.next += pl;
    if (pl < co.gso || (fl & 8)) co.closed = 1;
    co.hdr[ihl + 13] |= fl & 8;
    return;
  }
  co_flush();
  co.hdr = p; co.hl = hl; co.ihl = ihl; co.n = 1; co.pay = pl; co.gso = pl; co.next = seq + pl; co.closed = (fl & 8) != 0;
  co.io[1] = (struct iovec){p, n};
  return;
single:
  co_flush(); tun_write1(p, n);
}
static void rx_dgram(uint8_t *b, int n, int g) {
  if (g <= 0) g = n;
  for (int o = 0; o < n; o += g) {
    int l = n - o < g ? n - o : g; st_rseg++;
    int il = unseal(&si, b + o, l);
    if (il < 0) { st_bad++; continue; }
    if (f_tun) co_add(b + o + 16, il); else tun_write1(b + o + 16, il);
  }
}
#define NB 64
static int pump_rx(void) {
  static uint8_t *buf[NB]; static int bs, nb;
  if (!bs) { bs = f_ugro ? 65536 : 2048; nb = f_ugro ? 4 : NB; if (!f_ugro && !f_mmsg) nb = 1;
    for (int i = 0; i < nb; i++) buf[i] = malloc(bs); }
  struct mmsghdr mm[NB]; struct iovec io[NB]; char cb[NB][CMSG_SPACE(4)];
  memset(mm, 0, sizeof(mm[0]) * nb);
  for (int i = 0; i < nb; i++) { io[i] = (struct iovec){buf[i], bs}; mm[i].msg_hdr.msg_iov = &io[i]; mm[i].msg_hdr.msg_iovlen = 1;
    if (f_ugro) { mm[i].msg_hdr.msg_control = cb[i]; mm[i].msg_hdr.msg_controllen = sizeof cb[i]; } }
  int r;
  if (nb == 1) { r = recv(udpfd, buf[0], bs, MSG_DONTWAIT); if (r <= 0) return 0; mm[0].msg_len = r; r = 1; }
  else r = recvmmsg(udpfd, mm, nb, MSG_DONTWAIT, NULL);
  if (r <= 0) return 0;
  st_rx++;
  for (int i = 0; i < r; i++) {
    int g = 0;
    if (f_ugro) for (struct cmsghdr *c = CMSG_FIRSTHDR(&mm[i].msg_hdr); c; c = CMSG_NXTHDR(&mm[i].msg_hdr, c))
      if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) memcpy(&g, CMSG_DATA(c), 4);
    rx_dgram(buf[i], mm[i].msg_len, g);
  }
  co_flush();
  return r;
}
static void *rx_thread(void *x) {
  (void)x; struct pollfd p = {udpfd, POLLIN, 0};
  while (!stop) if (!pump_rx()) poll(&p, 1, 500);
  return NULL;
}
static void onsig(int s) { (void)s; stop = 1; }
int main(int c, char **v) {
  if (c < 6) return 2;
  const char *fl = c > 6 ? v[6] : "";
  f_tun = !!strchr(fl, 't'); f_ugso = !!strchr(fl, 's'); f_ugro = !!strchr(fl, 'r'); f_mmsg = !!strchr(fl, 'm');
  f_two = !!strchr(fl, '2'); f_nocsum = !!strchr(fl, 'n'); f_null = !!strchr(fl, 'z');
  struct sigaction sa = {.sa_handler = onsig}; sigaction(SIGTERM, &sa, NULL); sigaction(SIGINT, &sa, NULL);
  if ((tunfd = open("/dev/net/tun", O_RDWR | O_NONBLOCK)) < 0) die("tun");
  struct ifreq ifr = {0}; strncpy(ifr.ifr_name, v[1], IFNAMSIZ - 1);
  ifr.ifr_flags = IFF_TUN | IFF_NO_PI | (f_tun ? IFF_VNET_HDR : 0);
  if (ioctl(tunfd, TUNSETIFF, &ifr) < 0) die("TUNSETIFF");
  if (f_tun && ioctl(tunfd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0) die("TUNSETOFFLOAD");
  udpfd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(4500)};
  int one = 1, big = 8 << 20;
  inet_aton(v[2], &a.sin_addr); if (bind(udpfd, (void *)&a, sizeof a) < 0) die("bind");
  inet_aton(v[3], &a.sin_addr); if (connect(udpfd, (void *)&a, sizeof a) < 0) die("connect");
  setsockopt(udpfd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big); setsockopt(udpfd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big);
  if (f_ugro && setsockopt(udpfd, SOL_UDP, UDP_GRO, &one, sizeof one) < 0) die("UDP_GRO");
  sa_init(&so, strtoul(v[4], 0, 0), 1); sa_init(&si, strtoul(v[5], 0, 0), 0);
  pthread_t th;
  if (f_two) {
    pthread_create(&th, NULL, rx_thread, NULL);
    struct pollfd p = {tunfd, POLLIN, 0};
    while (!stop) if (!pump_tx()) poll(&p, 1, 500);
    pthread_join(th, NULL);
  } else {
    struct pollfd p[2] = {{tunfd, POLLIN, 0}, {udpfd, POLLIN, 0}};
    while (!stop) { int k = pump_tx(); k += pump_rx(); if (!k) poll(p, 2, 500); }
  }
  fprintf(stderr, "tun reads %lu (segs out %lu, %.1f/read) sends %lu | recvs %lu (segs in %lu) tun writes %lu (%.1f segs/write) bad %lu drop %lu\n",
    st_rd, st_seg, (double)st_seg / (st_rd + 1e-9), st_tx, st_rx, st_rseg, st_wr, (double)st_rseg / (st_wr + 1e-9), st_bad, st_drop);
  return 0;
}
