/*
 * Load for the benches: clients and their peer in one event loop, so that a single processor
 * drives the proxy and the other one is the proxy's alone. C, because a generator in JavaScript
 * would be slower than what it measures.
 *
 *   load connections PROXY_PORT PEER_PORT CLIENTS SECONDS   connect, one exchange, close
 *   load messages    PROXY_PORT PEER_PORT CLIENTS SECONDS   exchanges over kept connections
 *   load bulk        PROXY_PORT PEER_PORT CLIENTS SECONDS   bytes from clients to the peer
 *   load idle        PROXY_PORT PEER_PORT FIRST THEN        holds FIRST, then THEN connections;
 *                                                           each step waits for a line on stdin
 *
 * An exchange is 100 bytes there and 200 back. Prints the units done in all and the failures.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 32768, REQUEST = 100, ANSWER = 200 };
enum role { NOBODY, LISTENER, PEER, CONNECTING, CLIENT };
enum mode { CONNECTIONS, MESSAGES, BULK, IDLE };

static struct { enum role role; int got; } table[MOST];
static char buffer[256 * 1024];
static int events, listener, open_clients, open_peers;
static long long done, failed;
static enum mode mode;
static struct sockaddr_in proxy;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int fd, int operation, unsigned wanted) {
    struct epoll_event event = { .events = wanted, .data.fd = fd };
    if (epoll_ctl(events, operation, fd, &event) < 0) die("epoll_ctl");
}

static void forget(int fd) {
    if (table[fd].role == PEER) open_peers--;
    else open_clients--;
    table[fd].role = NOBODY;
    close(fd);
}

static void no_delay(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void start_client(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || fd >= MOST) die("socket");
    no_delay(fd);
    if (connect(fd, (void *)&proxy, sizeof proxy) < 0 && errno != EINPROGRESS) die("connect");
    table[fd].role = CONNECTING;
    table[fd].got = 0;
    open_clients++;
    watch(fd, EPOLL_CTL_ADD, EPOLLOUT);
}

static void start_listener(int port) {
    struct sockaddr_in a = loopback(port);
    int one = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&a, sizeof a) < 0) die("bind");
    if (listen(listener, 4096) < 0) die("listen");
    table[listener].role = LISTENER;
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
}

static void accept_all(void) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        if (fd >= MOST) die("accept");
        no_delay(fd);
        table[fd].role = PEER;
        table[fd].got = 0;
        open_peers++;
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void connected(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
        failed++;
        forget(fd);
        return;
    }
    table[fd].role = CLIENT;
    watch(fd, EPOLL_CTL_MOD, mode == BULK ? EPOLLOUT : EPOLLIN);
    if (mode == CONNECTIONS || mode == MESSAGES) send(fd, buffer, REQUEST, MSG_NOSIGNAL);
}

static void peer_ready(int fd) {
    int flags = mode == BULK ? MSG_TRUNC : 0;
    ssize_t count = recv(fd, buffer, sizeof buffer, flags);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        forget(fd);
        return;
    }
    if (mode == BULK) {
        done += count;
        return;
    }
    table[fd].got += count;
    while (table[fd].got >= REQUEST) {
        table[fd].got -= REQUEST;
        send(fd, buffer, ANSWER, MSG_NOSIGNAL);
        if (mode == CONNECTIONS) {
            forget(fd);
            return;
        }
    }
}

static void client_ready(int fd) {
    if (mode == BULK) {
        if (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
            failed++;
            forget(fd);
        }
        return;
    }
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        if (mode == CONNECTIONS && table[fd].got == ANSWER) done++;
        else failed++;
        forget(fd);
        return;
    }
    table[fd].got += count;
    while (mode == MESSAGES && table[fd].got >= ANSWER) {
        table[fd].got -= ANSWER;
        done++;
        send(fd, buffer, REQUEST, MSG_NOSIGNAL);
    }
}

static void turn(int wait_ms) {
    static struct epoll_event ready[512];
    int count = epoll_wait(events, ready, 512, wait_ms);
    for (int i = 0; i < count; i++) {
        int fd = ready[i].data.fd;
        switch (table[fd].role) {
        case LISTENER: accept_all(); break;
        case PEER: peer_ready(fd); break;
        case CONNECTING: connected(fd); break;
        case CLIENT: client_ready(fd); break;
        case NOBODY: break;
        }
    }
}

/* At most 100 connects under way, so that no queue overflows on the way up. */
static void hold(int wanted) {
    for (double until = now() + 60; open_peers < wanted && now() < until;) {
        while (open_clients < wanted && open_clients - open_peers < 100) start_client();
        turn(20);
    }
    printf("%d %lld\n", open_peers, failed);
    fflush(stdout);
    if (getchar() == EOF) exit(0);
}

/* Clients leave and the proxy may finish, so that nothing of this slice falls on the next one. */
static void leave(void) {
    for (int fd = 0; fd < MOST; fd++) {
        if (table[fd].role == CLIENT || table[fd].role == CONNECTING) forget(fd);
    }
    for (double until = now() + 1; open_peers > 0 && now() < until;) turn(20);
}

int main(int count, char **words) {
    if (count != 6) return 2;
    mode = words[1][0] == 'c' ? CONNECTIONS : words[1][0] == 'm' ? MESSAGES
        : words[1][0] == 'b' ? BULK : IDLE;
    proxy = loopback(atoi(words[2]));
    events = epoll_create1(0);
    start_listener(atoi(words[3]));
    int clients = atoi(words[4]);
    if (mode == IDLE) {
        hold(clients);
        hold(atoi(words[5]));
        return 0;
    }
    for (double until = now() + atof(words[5]); now() < until;) {
        while (open_clients < clients) start_client();
        turn(20);
    }
    printf("%lld %lld\n", done, failed);
    leave();
    return 0;
}
