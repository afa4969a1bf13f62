/* Servers come and go under load: a new one takes traffic at once, a deleted one fails no request. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#define CLIENTS 4
#define ROUNDS 10

static struct sockaddr_in address_of(const lb_proxy *proxy, size_t index) {
    struct sockaddr_in address;
    lb_listener listener;

    listener.struct_size = sizeof listener;
    CHECK(lb_proxy_listener(proxy, index, &listener, NULL) == LB_OK);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)listener.port);
    CHECK(inet_pton(AF_INET, listener.address, &address.sin_addr) == 1);
    return address;
}

/* The last byte of the answer to a request, which is what the origins differ in; 0 unless it is a whole 200. */
static char get(const struct sockaddr_in *address) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char answer[1024];
    size_t length = 0;
    ssize_t count;
    int client = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(client >= 0);
    if (connect(client, (const struct sockaddr *)address, sizeof *address) ||
        write(client, request, sizeof request - 1) != (ssize_t)sizeof request - 1) {
        close(client);
        return 0;
    }
    while (length < sizeof answer - 1 && (count = read(client, answer + length, sizeof answer - 1 - length)) > 0)
        length += (size_t)count;
    close(client);
    answer[length] = 0;
    return !strncmp(answer, "HTTP/1.1 200 ", 13) && strstr(answer, "\r\n\r\n") ? answer[length - 1] : 0;
}

static struct sockaddr_in front;
static atomic_int over, errors;
static atomic_ulong seen[256];

static void *client(void *argument) {
    (void)argument;
    while (!over) {
        unsigned char answer = (unsigned char)get(&front);
        if (!answer)
            errors++;
        seen[answer]++;
    }
    return NULL;
}

/* Three servers that answer with their letter: listen sections of another instance. */
static lb_proxy *origins(void) {
    lb_builder *builder = lb_builder_new();
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    char text[100];
    int index;

    lb_builder_threads(builder, 1);
    for (index = 0; index < 3; index++) {
        lb_section *section;
        snprintf(text, sizeof text, "origin-%c", 'a' + index);
        section = lb_builder_listen(builder, text, LB_MODE_HTTP);
        lb_section_bind(section, "127.0.0.1:0");
        snprintf(text, sizeof text, "http-request return status 200 content-type text/plain string %c", 'a' + index);
        lb_section_line(section, text);
    }
    WORKS(lb_builder_start(builder, NULL, &proxy, &error), error);
    lb_builder_free(builder);
    return proxy;
}

static lb_proxy *balancer(const char *first) {
    lb_builder *builder = lb_builder_new();
    lb_section *web = lb_builder_frontend(builder, "web", LB_MODE_HTTP);
    lb_section *app = lb_builder_backend(builder, "app", LB_MODE_HTTP);
    lb_server server = LB_SERVER_INIT;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;

    lb_builder_threads(builder, 2);
    lb_section_bind(web, "127.0.0.1:0");
    lb_section_default_backend(web, "app");
    lb_section_balance(app, "roundrobin");
    server.name = "a";
    server.address = first;
    lb_section_server(app, &server);
    WORKS(lb_builder_start(builder, NULL, &proxy, &error), error);
    lb_builder_free(builder);
    return proxy;
}

/* Without load the very next request shows what a change did. */
static void at_once(const lb_proxy *proxy, const char *address) {
    lb_server server = LB_SERVER_INIT;
    lb_error *error = NULL;

    CHECK(get(&front) == 'a');
    server.name = "b";
    server.address = address;
    server.weight = 5;
    WORKS(lb_proxy_add_server(proxy, "app", &server, &error), error);
    FAILS(lb_proxy_add_server(proxy, "app", &server, &error), LB_ERR_COMMAND_EXISTS, "b", error);
    FAILS(lb_proxy_add_server(proxy, "none", &server, &error), LB_ERR_COMMAND_NOT_FOUND, "No such backend", error);
    WORKS(lb_proxy_set_server_state(proxy, "app", "a", LB_SERVER_STATE_MAINTENANCE, &error), error);
    CHECK(get(&front) == 'b');
    WORKS(lb_proxy_set_server_state(proxy, "app", "a", LB_SERVER_STATE_READY, &error), error);
    WORKS(lb_proxy_set_server_state(proxy, "app", "b", LB_SERVER_STATE_DRAIN, &error), error);
    CHECK(get(&front) == 'a' && get(&front) == 'a');
    WORKS(lb_proxy_set_server_state(proxy, "app", "b", LB_SERVER_STATE_READY, &error), error);
    WORKS(lb_proxy_set_server_weight(proxy, "app", "a", 0, &error), error);
    CHECK(get(&front) == 'b' && get(&front) == 'b');
    WORKS(lb_proxy_set_server_weight(proxy, "app", "a", 1, &error), error);
    FAILS(lb_proxy_set_server_weight(proxy, "app", "a", 257, &error), LB_ERR_COMMAND_INVALID, "between 0 and 256", error);
    FAILS(lb_proxy_set_server_state(proxy, "app", "a", 9, &error), LB_ERR_ARGUMENT, "'state' is 9", error);
    FAILS(lb_proxy_set_server_state(proxy, "app", "x", LB_SERVER_STATE_READY, &error), LB_ERR_COMMAND_NOT_FOUND,
          "No such server", error);
    WORKS(lb_proxy_delete_server(proxy, "app", "b", 10000, &error), error);
    FAILS(lb_proxy_delete_server(proxy, "app", "b", 0, &error), LB_ERR_COMMAND_NOT_FOUND, "No such server", error);
    CHECK(get(&front) == 'a' && get(&front) == 'a');
}

static void under_load(const lb_proxy *proxy, const char *address) {
    lb_server server = LB_SERVER_INIT;
    lb_error *error = NULL;
    pthread_t threads[CLIENTS];
    int index;

    for (index = 0; index < CLIENTS; index++)
        CHECK(!pthread_create(&threads[index], NULL, client, NULL));
    server.name = "c";
    server.address = address;
    for (index = 0; index < ROUNDS; index++) {
        unsigned long before = seen['c'];
        WORKS(lb_proxy_add_server(proxy, "app", &server, &error), error);
        while (seen['c'] < before + 20 && !errors)
            usleep(500);
        WORKS(lb_proxy_delete_server(proxy, "app", "c", 20000, &error), error);
    }
    over = 1;
    for (index = 0; index < CLIENTS; index++)
        CHECK(!pthread_join(threads[index], NULL));
    CHECK(errors == 0 && seen[0] == 0);
    CHECK(seen['a'] > 0 && seen['c'] >= 20 * ROUNDS);
    printf("%lu and %lu requests\n", (unsigned long)seen['a'], (unsigned long)seen['c']);
}

int main(void) {
    lb_proxy *other = origins(), *proxy;
    char addresses[3][32];
    int index;

    alarm(120);

    for (index = 0; index < 3; index++)
        snprintf(addresses[index], sizeof addresses[index], "127.0.0.1:%u",
                 (unsigned)ntohs(address_of(other, (size_t)index).sin_port));
    proxy = balancer(addresses[0]);
    front = address_of(proxy, 0);
    at_once(proxy, addresses[1]);
    under_load(proxy, addresses[2]);
    lb_proxy_free(proxy);
    lb_proxy_free(other);
    puts("done");
    return 0;
}
