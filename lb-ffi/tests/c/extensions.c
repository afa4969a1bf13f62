/* Sample fetches, converters and actions of a program: what they see, what they may do, who owns what. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

typedef struct {
    atomic_int calls, freed;
} counter;

static void give_back(void *user_data) {
    counter *data = user_data;

    data->freed++;
}

static int is(lb_bytes bytes, const char *text) {
    return bytes.size == strlen(text) && !memcmp(bytes.data, text, bytes.size);
}

/* The first label of the host. */
static void tenant(void *user_data, const lb_stream *stream, const lb_arguments *arguments, lb_result *result) {
    counter *data = user_data;
    lb_bytes host;
    const uint8_t *dot;

    (void)arguments;
    data->calls++;
    if (!lb_stream_header(stream, LB_REQUEST, "Host", 0, &host))
        return;
    dot = memchr(host.data, '.', host.size);
    lb_result_bytes(result, LB_TYPE_STRING, host.data, dot ? (size_t)(dot - host.data) : host.size);
}

/* Everything that there is to look at. */
static void look(void *user_data, const lb_stream *stream, const lb_arguments *arguments, lb_result *result) {
    lb_bytes text, name, value;
    lb_value variable;
    uint8_t octets[16];
    uint16_t port = 0;
    int64_t number = 7;
    size_t index = 0;

    (void)user_data;
    CHECK(lb_stream_text(stream, LB_TEXT_METHOD, &text) && is(text, "GET"));
    CHECK(lb_stream_text(stream, LB_TEXT_URI, &text) && is(text, "/look?a"));
    CHECK(lb_stream_text(stream, LB_TEXT_FRONTEND, &text) && is(text, "web"));
    CHECK(!lb_stream_text(stream, LB_TEXT_TLS_CIPHER, &text) && !text.data && !text.size);
    CHECK(!lb_stream_text(stream, 99, &text) && !lb_stream_text(stream, LB_TEXT_SERVER, &text));
    CHECK(lb_stream_header(stream, LB_REQUEST, "x-a", 1, &value) && is(value, "two, three"));
    CHECK(!lb_stream_header(stream, LB_REQUEST, "x-a", 2, &value) && !value.data);
    CHECK(!lb_stream_header(stream, LB_RESPONSE, "x-a", 0, &value) && !lb_stream_header(stream, 9, "x-a", 0, &value));
    CHECK(!lb_stream_header(stream, LB_REQUEST, NULL, 0, &value) && !lb_stream_header(NULL, LB_REQUEST, "a", 0, &value));
    while (lb_stream_header_at(stream, LB_REQUEST, index, &name, &value))
        index++;
    CHECK(index >= 3 && !name.data);
    CHECK(lb_stream_header_at(stream, LB_REQUEST, 0, &name, NULL) && is(name, "host"));
    CHECK(lb_stream_status(stream) == 0 && lb_stream_status(NULL) == 0);
    CHECK(lb_stream_address(stream, LB_ADDRESS_SOURCE, octets, &port) == 4 && octets[0] == 127 && port);
    CHECK(lb_stream_address(stream, LB_ADDRESS_DESTINATION, NULL, NULL) == 4);
    CHECK(lb_stream_address(stream, 9, octets, &port) == 0 && !port);
    CHECK(lb_stream_variable(stream, "txn.ip", &variable) && variable.kind == LB_TYPE_IPV6);
    CHECK(variable.bytes.size == 16 && variable.bytes.data[0] == 0x20 && variable.bytes.data[15] == 1);
    CHECK(lb_stream_variable(stream, "txn.n", &variable) && variable.kind == LB_TYPE_INTEGER && variable.integer == -5);
    CHECK(!lb_stream_variable(stream, "txn.none", &variable) && variable.kind == LB_TYPE_NONE);
    CHECK(!lb_stream_variable(stream, "no name", &variable) && !lb_stream_variable(stream, NULL, NULL));
    lb_stream_data(stream, LB_REQUEST, &value);
    CHECK(!lb_stream_data(NULL, LB_REQUEST, &value) && !value.data);
    lb_stream_wait(NULL);
    /* The first has to be given, the third is not. */
    CHECK(lb_arguments_bytes(arguments, 0, &text) && is(text, "one"));
    CHECK(lb_arguments_integer(arguments, 1, &number) && number == -12);
    CHECK(!lb_arguments_address(arguments, 2, octets) && !lb_arguments_bytes(arguments, 9, &text));
    CHECK(!lb_arguments_integer(arguments, 0, &number) && !number && !lb_arguments_integer(NULL, 0, NULL));
    /* Nothing is changed by what only looks. */
    CHECK(lb_stream_set_header((lb_stream *)stream, "x", (const uint8_t *)"y", 1) == LB_ERR_ARGUMENT);
    lb_result_integer(NULL, 1);
    lb_result_text(result, "not this");
    lb_result_bytes(result, LB_TYPE_IPV4, octets, 3);
    lb_result_bytes(result, LB_TYPE_IPV4, (const uint8_t *)"\1\2\3\4", 4);
}

static void repeat(void *user_data, const lb_value *value, const lb_arguments *arguments, lb_result *result) {
    int64_t times = 0;
    char text[256] = "";

    (void)user_data;
    CHECK(value->kind == LB_TYPE_STRING && lb_arguments_integer(arguments, 0, &times));
    while (times-- > 0 && strlen(text) + value->bytes.size < sizeof text)
        strncat(text, (const char *)value->bytes.data, value->bytes.size);
    lb_result_text(result, text);
}

static void negate(void *user_data, const lb_value *value, const lb_arguments *arguments, lb_result *result) {
    (void)user_data;
    (void)arguments;
    CHECK(value->kind == LB_TYPE_BOOL);
    lb_result_bool(result, !value->integer);
}

/* Refuses more than three. */
static int32_t few(void *user_data, const lb_arguments *arguments, lb_result *reason) {
    int64_t times = 0;

    (void)user_data;
    lb_arguments_integer(arguments, 0, &times);
    if (times > 3)
        lb_result_text(reason, "that is too often");
    return times <= 3;
}

static uint32_t act(void *user_data, lb_stream *stream, const lb_arguments *arguments) {
    const uint8_t *const v = (const uint8_t *)"v";
    counter *data = user_data;
    lb_value number = {LB_TYPE_INTEGER, 41, {NULL, 0}}, none = {LB_TYPE_NONE, 0, {NULL, 0}}, wrong = {77, 0, {NULL, 0}};
    lb_bytes what, text;

    data->calls++;
    CHECK(lb_arguments_bytes(arguments, 0, &what));
    if (is(what, "/change")) {
        CHECK(lb_stream_set_header(stream, "x-set", v, 1) == LB_OK);
        CHECK(lb_stream_add_header(stream, "x-set", v, 1) == LB_OK);
        CHECK(lb_stream_add_header(stream, "x-empty", NULL, 0) == LB_OK);
        CHECK(lb_stream_del_header(stream, "x-a") == LB_OK);
        CHECK(lb_stream_set_target(stream, LB_TARGET_PATH, (const uint8_t *)"/new", 4) == LB_OK);
        CHECK(lb_stream_set_variable(stream, "txn.v", &number) == LB_OK);
        CHECK(lb_stream_set_variable(stream, "txn.n", &none) == LB_OK);
        /* What is there stays as it is until the action is over. */
        CHECK(lb_stream_text(stream, LB_TEXT_URI, &text) && is(text, "/change"));
        CHECK(lb_stream_set_header(stream, "x y", v, 1) == LB_ERR_ARGUMENT);
        CHECK(lb_stream_set_header(stream, "x", (const uint8_t *)"\n", 1) == LB_ERR_ARGUMENT);
        CHECK(lb_stream_set_header(stream, NULL, v, 1) == LB_ERR_NULL);
        CHECK(lb_stream_set_header(stream, "x", NULL, 1) == LB_ERR_NULL);
        CHECK(lb_stream_set_header(NULL, "x", v, 1) == LB_ERR_NULL);
        CHECK(lb_stream_del_header(stream, "\xff") == LB_ERR_ENCODING);
        CHECK(lb_stream_set_target(stream, 99, v, 1) == LB_ERR_ARGUMENT);
        CHECK(lb_stream_set_variable(stream, "x", &number) == LB_ERR_ARGUMENT);
        CHECK(lb_stream_set_variable(stream, "txn.w", &wrong) == LB_ERR_ARGUMENT);
        CHECK(lb_stream_reply_header(stream, "a", v, 1) == LB_ERR_ARGUMENT);
        return LB_ACTION_NEXT;
    }
    if (is(what, "/deny")) {
        CHECK(lb_stream_deny(stream, 429) == LB_OK && lb_stream_deny(stream, 70000) == LB_ERR_ARGUMENT);
        return LB_ACTION_DENY;
    }
    if (is(what, "/reply")) {
        CHECK(lb_stream_reply(stream, 201, (const uint8_t *)"made", 4) == LB_OK);
        CHECK(lb_stream_reply_header(stream, "x-made", v, 1) == LB_OK);
        CHECK(lb_stream_reply_header(stream, "content-length", v, 1) == LB_ERR_ARGUMENT);
        return LB_ACTION_REPLY;
    }
    if (is(what, "/nothing"))
        return LB_ACTION_REPLY;
    if (is(what, "/stop"))
        return LB_ACTION_STOP;
    if (is(what, "/close"))
        return LB_ACTION_CLOSE;
    return is(what, "/odd") ? 12345 : LB_ACTION_NEXT;
}

static const char *const CONFIG =
    "global\n nbthread 2\n"
    "frontend web\n mode http\n bind 127.0.0.1:%u\n timeout client 9s\n"
    " http-request set-var(txn.ip) ipv6(2001:db8::1)\n"
    " http-request set-var(txn.n) int(-5)\n"
    " http-request act %%[path]\n"
    " http-request set-header x-look %%[look(one,-12)] if { path /look }\n"
    " http-request return status 200 content-type a/b lf-string "
    "\"%%[tenant,repeat(2)] %%[path] %%[req.hdr(x-set)] %%[req.hdr_cnt(x-a)] %%[var(txn.v)] %%[var(txn.n)] "
    "%%[req.hdr(x-look)] %%[bool(1),negate]\" if !{ path /stop }\n"
    " http-request return status 204\n";

static unsigned free_port(void) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    CHECK(listener >= 0 && !bind(listener, (struct sockaddr *)&address, sizeof address));
    CHECK(!getsockname(listener, (struct sockaddr *)&address, &length));
    close(listener);
    return ntohs(address.sin_port);
}

/* The whole answer to a request. */
static void ask(unsigned port, const char *path, char *answer, size_t size) {
    struct sockaddr_in address;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    char request[256];
    size_t length = 0;
    ssize_t count;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    CHECK(client >= 0 && !connect(client, (struct sockaddr *)&address, sizeof address));
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: blue.example\r\nX-A: one\r\nX-A: two, three\r\nConnection: close\r\n\r\n", path);
    CHECK(write(client, request, strlen(request)) == (ssize_t)strlen(request));
    while (length < size - 1 && (count = read(client, answer + length, size - 1 - length)) > 0)
        length += (size_t)count;
    answer[length] = 0;
    close(client);
}

static void expect(unsigned port, const char *path, const char *start, const char *end) {
    char answer[2048];
    size_t length;

    ask(port, path, answer, sizeof answer);
    length = strlen(answer);
    if (strncmp(answer, start, strlen(start)) || length < strlen(end) || strcmp(answer + length - strlen(end), end)) {
        fprintf(stderr, "%s: %s\n", path, answer);
        exit(1);
    }
}

static lb_extension named(const char *name, counter *data) {
    lb_extension extension = LB_EXTENSION_INIT;

    extension.name = name;
    extension.user_data = data;
    extension.free_user_data = give_back;
    return extension;
}

static const uint32_t LOOK[] = {LB_ARGUMENT_TEXT, LB_ARGUMENT_INTEGER, LB_ARGUMENT_IPV4};
static const uint32_t NUMBER[] = {LB_ARGUMENT_INTEGER};
static const uint32_t FORMAT[] = {LB_ARGUMENT_FORMAT};

/* What is refused; its data stays the caller's. */
static void refusals(lb_extensions *extensions) {
    static counter data;
    lb_extension extension = named("x", &data);
    lb_error *error = NULL;
    const uint32_t unknown[] = {99};

    FAILS(lb_extensions_fetch(NULL, &extension, LB_TYPE_STRING, LB_NEEDS_NOTHING, tenant, &error), LB_ERR_NULL,
          "extensions", error);
    FAILS(lb_extensions_fetch(extensions, NULL, LB_TYPE_STRING, LB_NEEDS_NOTHING, tenant, &error), LB_ERR_NULL,
          "extension", error);
    FAILS(lb_extensions_fetch(extensions, &extension, LB_TYPE_STRING, LB_NEEDS_NOTHING, NULL, &error), LB_ERR_NULL,
          "function", error);
    FAILS(lb_extensions_fetch(extensions, &extension, 99, LB_NEEDS_NOTHING, tenant, &error), LB_ERR_ARGUMENT, "output",
          error);
    FAILS(lb_extensions_fetch(extensions, &extension, LB_TYPE_STRING, 99, tenant, &error), LB_ERR_ARGUMENT, "needs",
          error);
    FAILS(lb_extensions_converter(extensions, &extension, LB_TYPE_NONE, LB_TYPE_STRING, repeat, &error),
          LB_ERR_ARGUMENT, "input", error);
    FAILS(lb_extensions_action(extensions, &extension, 0, act, &error), LB_ERR_ARGUMENT, "rules", error);
    FAILS(lb_extensions_action(extensions, &extension, 128, act, &error), LB_ERR_ARGUMENT, "rules", error);
    extension.argument_count = 1;
    FAILS(lb_extensions_action(extensions, &extension, LB_RULES_HTTP_REQUEST, act, &error), LB_ERR_NULL, "arguments",
          error);
    extension.arguments = unknown;
    FAILS(lb_extensions_action(extensions, &extension, LB_RULES_HTTP_REQUEST, act, &error), LB_ERR_ARGUMENT, "99",
          error);
    extension.arguments = FORMAT;
    FAILS(lb_extensions_fetch(extensions, &extension, LB_TYPE_STRING, LB_NEEDS_NOTHING, tenant, &error),
          LB_ERR_ARGUMENT, "takes a format", error);
    extension.required = 2;
    FAILS(lb_extensions_action(extensions, &extension, LB_RULES_HTTP_REQUEST, act, &error), LB_ERR_ARGUMENT,
          "required", error);
    extension = named("src", &data);
    FAILS(lb_extensions_fetch(extensions, &extension, LB_TYPE_STRING, LB_NEEDS_NOTHING, tenant, &error),
          LB_ERR_ARGUMENT, "there is a sample fetch 'src' already", error);
    extension = named("a b", &data);
    FAILS(lb_extensions_converter(extensions, &extension, LB_TYPE_ANY, LB_TYPE_ANY, repeat, &error), LB_ERR_ARGUMENT,
          "a b", error);
    extension = named("\xff", &data);
    FAILS(lb_extensions_converter(extensions, &extension, LB_TYPE_ANY, LB_TYPE_ANY, repeat, &error), LB_ERR_ENCODING,
          "extension.name", error);
    extension = named("x", &data);
    extension.struct_size = 3;
    FAILS(lb_extensions_converter(extensions, &extension, LB_TYPE_ANY, LB_TYPE_ANY, repeat, &error),
          LB_ERR_STRUCT_SIZE, "struct_size", error);
    CHECK(lb_extensions_converter(extensions, NULL, LB_TYPE_ANY, LB_TYPE_ANY, repeat, NULL) == LB_ERR_NULL);
    CHECK(!data.freed && !data.calls);
}

static lb_extensions *all(counter *data) {
    lb_extensions *extensions = lb_extensions_new();
    lb_extension extension = named("tenant", data);
    lb_error *error = NULL;

    WORKS(lb_extensions_fetch(extensions, &extension, LB_TYPE_STRING, LB_NEEDS_REQUEST, tenant, &error), error);
    extension = named("look", data);
    extension.arguments = LOOK;
    extension.argument_count = 3;
    extension.required = 1;
    WORKS(lb_extensions_fetch(extensions, &extension, LB_TYPE_ADDRESS, LB_NEEDS_REQUEST, look, &error), error);
    extension = named("repeat", data);
    extension.arguments = NUMBER;
    extension.argument_count = extension.required = 1;
    extension.check = few;
    WORKS(lb_extensions_converter(extensions, &extension, LB_TYPE_STRING, LB_TYPE_STRING, repeat, &error), error);
    extension = named("negate", data);
    WORKS(lb_extensions_converter(extensions, &extension, LB_TYPE_BOOL, LB_TYPE_BOOL, negate, &error), error);
    extension = named("act", data);
    extension.arguments = FORMAT;
    extension.argument_count = extension.required = 1;
    WORKS(lb_extensions_action(extensions, &extension, LB_RULES_HTTP_REQUEST | LB_RULES_HTTP_RESPONSE, act, &error),
          error);
    return extensions;
}

static void *many(void *argument) {
    unsigned port = *(unsigned *)argument;
    int round;

    for (round = 0; round < 50; round++)
        expect(port, "/a", "HTTP/1.1 200 OK\r\n", "blueblue /a  3  -5  0");
    return NULL;
}

int main(void) {
    static counter data;
    lb_extensions *extensions = all(&data);
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_builder *builder = lb_builder_new();
    lb_proxy *proxies[2] = {NULL, NULL};
    lb_error *error = NULL;
    unsigned ports[2];
    pthread_t threads[4];
    char text[2048];
    int index;

    refusals(extensions);

    /* Without them, and with arguments that are wrong, the configuration is. */
    snprintf(text, sizeof text, CONFIG, 1u);
    FAILS(lb_proxy_start_text("a.cfg", text, NULL, &proxies[0], &error), LB_ERR_CONFIG, "act", error);
    CHECK(lb_builder_text(builder, "a.cfg", "frontend f\n mode http\n http-request set-header x %[str(a),repeat(4)]\n") ==
          LB_OK);
    CHECK(lb_builder_extensions(builder, extensions) == LB_OK && lb_builder_extensions(builder, NULL) == LB_ERR_NULL);
    lb_builder_free(builder);
    builder = lb_builder_new();
    lb_builder_text(builder, "a.cfg", "frontend f\n mode http\n http-request set-header x %[str(a),repeat(4)]\n");
    lb_builder_extensions(builder, extensions);
    FAILS(lb_builder_check(builder, &error), LB_ERR_CONFIG, "that is too often", error);
    lb_builder_free(builder);

    /* One set for two instances, from the builder and from the options. */
    ports[0] = free_port();
    snprintf(text, sizeof text, CONFIG, ports[0]);
    builder = lb_builder_new();
    CHECK(lb_builder_text(builder, "a.cfg", text) == LB_OK && lb_builder_extensions(builder, extensions) == LB_OK);
    WORKS(lb_builder_start(builder, NULL, &proxies[0], &error), error);
    lb_builder_free(builder);
    ports[1] = free_port();
    snprintf(text, sizeof text, CONFIG, ports[1]);
    options.extensions = extensions;
    WORKS(lb_proxy_start_text("a.cfg", text, &options, &proxies[1], &error), error);
    lb_extensions_free(extensions);
    CHECK(!data.freed);

    for (index = 0; index < 2; index++) {
        expect(ports[index], "/look?a", "HTTP/1.1 200 OK\r\n", "blueblue /look  3  -5 1.2.3.4 0");
        expect(ports[index], "/change", "HTTP/1.1 200 OK\r\n", "blueblue /new v 0 41   0");
        expect(ports[index], "/deny", "HTTP/1.1 429 Too Many Requests\r\n", "</html>\n");
        expect(ports[index], "/reply", "HTTP/1.1 201 Created\r\n", "\r\nx-made: v\r\nconnection: close\r\n\r\nmade");
        expect(ports[index], "/nothing", "HTTP/1.1 500 ", "</html>\n");
        expect(ports[index], "/odd", "HTTP/1.1 500 ", "</html>\n");
        expect(ports[index], "/close", "", "");
    }
    for (index = 0; index < 4; index++)
        CHECK(!pthread_create(&threads[index], NULL, many, &ports[index % 2]));
    for (index = 0; index < 4; index++)
        pthread_join(threads[index], NULL);
    CHECK(data.calls >= 400);

    lb_proxy_free(proxies[0]);
    CHECK(!data.freed);
    expect(ports[1], "/a", "HTTP/1.1 200 OK\r\n", "blueblue /a  3  -5  0");
    lb_proxy_free(proxies[1]);
    /* Once for each extension. */
    CHECK(data.freed == 5);
    lb_extensions_free(NULL);
    puts("done");
    return 0;
}
