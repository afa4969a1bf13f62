/* The border: null pointers, wrong sizes, text that is none, objects that have had their time. */
#include "check.h"

static const char *const GOOD =
    "global\n nbthread 1\n"
    "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n"
    "backend app\n server s1 127.0.0.1:1\n";

static void versions(void) {
    CHECK(lb_abi_version() == LB_ABI_VERSION);
    CHECK(lb_abi_check(LB_ABI_VERSION) == LB_OK);
    CHECK(lb_abi_check(0) == LB_ERR_ABI);
    CHECK(lb_abi_check(LB_ABI_VERSION + 1) == LB_ERR_ABI);
    CHECK(strchr(lb_version(), '.'));
    CHECK(!strcmp(lb_status_name(LB_ERR_CONFIG), "LB_ERR_CONFIG"));
    CHECK(!strcmp(lb_status_name(-1), "unknown"));
}

/* Whatever is null is said so, and nothing is written, freed or dereferenced. */
static void nulls(void) {
    lb_proxy *proxy = (lb_proxy *)&proxy;
    lb_builder *builder = lb_builder_new();
    lb_error *error = NULL;
    char *reply = (char *)&reply;

    FAILS(lb_proxy_start_text(NULL, GOOD, NULL, &proxy, &error), LB_ERR_NULL, "'name' is null", error);
    CHECK(!proxy);
    FAILS(lb_proxy_start_text("a", NULL, NULL, &proxy, &error), LB_ERR_NULL, "'text' is null", error);
    FAILS(lb_proxy_start_text("a", GOOD, NULL, NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_start_file(NULL, NULL, &proxy, &error), LB_ERR_NULL, "'path' is null", error);
    FAILS(lb_builder_start(NULL, NULL, &proxy, &error), LB_ERR_NULL, "'builder' is null", error);
    FAILS(lb_builder_check(NULL, &error), LB_ERR_NULL, "'builder' is null", error);
    FAILS(lb_proxy_stop(NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_soft_stop(NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_wait(NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_drain(NULL, 0, NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_command(NULL, "show version", &reply, &error), LB_ERR_NULL, "'proxy' is null", error);
    FAILS(lb_proxy_listener(NULL, 0, NULL, &error), LB_ERR_NULL, "'proxy' is null", error);
    CHECK(lb_proxy_stop(NULL, NULL) == LB_ERR_NULL);
    CHECK(lb_proxy_listener_count(NULL) == 0);
    CHECK(lb_proxy_is_finished(NULL) == 1);
    CHECK(lb_error_code(NULL) == LB_OK && !*lb_error_text(NULL) && !lb_error_file(NULL));
    CHECK(lb_error_line(NULL) == 0 && lb_error_column(NULL) == 0 && lb_error_count(NULL) == 0);
    CHECK(lb_error_message(NULL, 0, NULL) == LB_ERR_NULL);
    CHECK(lb_builder_threads(NULL, 1) == LB_ERR_NULL);
    CHECK(!lb_builder_frontend(NULL, "a", LB_MODE_TCP));
    CHECK(lb_section_bind(NULL, "127.0.0.1:0") == LB_ERR_NULL);
    lb_proxy_free(NULL);
    lb_builder_free(NULL);
    lb_error_free(NULL);
    lb_string_free(NULL);
    lb_builder_free(builder);
}

/* A builder keeps its first failure and does not start with it. */
static void builders_remember(void) {
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_server server = LB_SERVER_INIT;
    lb_builder *builder = lb_builder_new();

    CHECK(lb_builder_text(builder, "a", "\377") == LB_ERR_ENCODING);
    CHECK(lb_builder_global(builder, NULL) == LB_ERR_NULL);
    FAILS(lb_builder_check(builder, &error), LB_ERR_ENCODING, "'text' is not UTF-8", error);
    FAILS(lb_builder_start(builder, NULL, &proxy, &error), LB_ERR_ENCODING, "'text' is not UTF-8", error);
    lb_builder_free(builder);

    builder = lb_builder_new();
    CHECK(!lb_builder_frontend(builder, "web", 7));
    FAILS(lb_builder_check(builder, &error), LB_ERR_ARGUMENT, "'mode' is 7", error);
    lb_builder_free(builder);

    builder = lb_builder_new();
    CHECK(lb_section_bind(lb_builder_backend(builder, "app", LB_MODE_TCP), ":0") == LB_ERR_ARGUMENT);
    FAILS(lb_builder_check(builder, &error), LB_ERR_ARGUMENT, "kind 'backend' has no listeners", error);
    lb_builder_free(builder);

    builder = lb_builder_new();
    CHECK(lb_section_server(lb_builder_frontend(builder, "web", LB_MODE_TCP), &server) == LB_ERR_ARGUMENT);
    lb_builder_free(builder);
}

static void servers(void) {
    lb_builder *builder = lb_builder_new();
    lb_section *app = lb_builder_backend(builder, "app", LB_MODE_TCP);
    lb_server server = LB_SERVER_INIT;
    struct {
        lb_server known;
        uint32_t unknown[2];
    } newer = {LB_SERVER_INIT, {0, 0}};

    CHECK(lb_section_server(app, NULL) == LB_ERR_NULL);
    CHECK(lb_section_server(app, &server) == LB_ERR_NULL);
    server.name = "s1";
    server.address = "127.0.0.1:1";
    CHECK(lb_section_server(app, &server) == LB_OK);
    server.weight = -2;
    CHECK(lb_section_server(app, &server) == LB_ERR_ARGUMENT);
    server.weight = 10;
    server.check_interval_ms = 500;
    CHECK(lb_section_server(app, &server) == LB_ERR_ARGUMENT);
    server.flags = LB_SERVER_CHECK | LB_SERVER_BACKUP | LB_SERVER_DISABLED;
    CHECK(lb_section_server(app, &server) == LB_OK);
    server.flags = 8;
    CHECK(lb_section_server(app, &server) == LB_ERR_ARGUMENT);
    server.struct_size = 0;
    CHECK(lb_section_server(app, &server) == LB_ERR_STRUCT_SIZE);
    server.struct_size = (size_t)-1;
    CHECK(lb_section_server(app, &server) == LB_ERR_STRUCT_SIZE);
    /* A program whose header is newer may use what this library knows. */
    newer.known.struct_size = sizeof newer;
    newer.known.name = "s2";
    newer.known.address = "127.0.0.1:1";
    CHECK(lb_section_server(app, &newer.known) == LB_OK);
    newer.unknown[1] = 1;
    CHECK(lb_section_server(app, &newer.known) == LB_ERR_STRUCT_SIZE);
    lb_builder_free(builder);
}

/* Every fault of a configuration has its place. */
static void places(void) {
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_builder *builder = lb_builder_new();
    lb_message message;
    struct {
        lb_message known;
        uint32_t unknown;
    } newer;

    lb_builder_text(builder, "a.cfg", "global\n  maxcon 5\n");
    lb_builder_text(builder, "b.toml", "[[frontend]]\nname = \"f\"\nmaxcnn = 3\n");
    lb_section_line(lb_builder_frontend(builder, "web", LB_MODE_HTTP), "http-request dance");
    CHECK(lb_builder_start(builder, NULL, &proxy, &error) == LB_ERR_CONFIG);
    CHECK(!proxy);
    CHECK(lb_error_code(error) == LB_ERR_CONFIG && lb_error_count(error) == 3);
    CHECK(strstr(lb_error_text(error), "parsing [a.cfg:2] : unknown keyword 'maxcon'"));
    CHECK(!strcmp(lb_error_file(error), "a.cfg"));
    CHECK(lb_error_line(error) == 2 && lb_error_column(error) == 3);
    message.struct_size = sizeof message;
    CHECK(lb_error_message(error, 1, &message) == LB_OK);
    CHECK(!strcmp(message.file, "b.toml") && message.line == 3 && message.severity == LB_SEVERITY_ERROR);
    CHECK(lb_error_message(error, 2, &message) == LB_OK);
    CHECK(!strcmp(message.file, "frontend web") && message.line == 0 && message.column == 0);
    CHECK(!strcmp(message.source, "http-request dance"));
    CHECK(lb_error_message(error, 3, &message) == LB_ERR_RANGE);
    message.struct_size = 8;
    CHECK(lb_error_message(error, 0, &message) == LB_ERR_STRUCT_SIZE);
    newer.known.struct_size = sizeof newer;
    newer.unknown = 1;
    CHECK(lb_error_message(error, 0, &newer.known) == LB_OK);
    CHECK(newer.known.struct_size == sizeof newer && newer.unknown == 0 && newer.known.line == 2);
    lb_error_free(error);
    error = NULL;
    lb_builder_free(builder);

    FAILS(lb_proxy_start_file("/nonexistent.cfg", NULL, &proxy, &error), LB_ERR_CONFIG, "/nonexistent.cfg", error);
}

static void warnings(void) {
    lb_builder *builder = lb_builder_new();
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_start_options options = LB_START_OPTIONS_INIT;

    lb_builder_text(builder, "a.cfg", "frontend f\n mode http\n bind 127.0.0.1:1\n");
    CHECK(lb_builder_check(builder, NULL) == LB_OK);
    CHECK(lb_builder_check(builder, &error) == LB_OK);
    CHECK(lb_error_code(error) == LB_OK && strstr(lb_error_text(error), "missing timeouts for frontend 'f'"));
    lb_error_free(error);
    error = NULL;
    options.flags = LB_START_ZERO_WARNING;
    CHECK(lb_builder_start(builder, &options, &proxy, &error) == LB_ERR_CONFIG);
    lb_error_free(error);
    error = NULL;
    options.flags = 2;
    FAILS(lb_builder_start(builder, &options, &proxy, &error), LB_ERR_ARGUMENT, "'options.flags'", error);
    options.flags = 0;
    options.queue = 1u << 30;
    FAILS(lb_builder_start(builder, &options, &proxy, &error), LB_ERR_ARGUMENT, "'options.queue'", error);
    options.struct_size = 1;
    FAILS(lb_builder_start(builder, &options, &proxy, &error), LB_ERR_STRUCT_SIZE, "'options'", error);
    lb_builder_free(builder);
}

/* After its end an instance still answers and can be stopped again. */
static void after_the_end(void) {
    lb_proxy *proxy = NULL, *other = NULL;
    lb_error *error = NULL;
    lb_listener listener;
    char *reply = NULL;
    int32_t complete = 7;
    lb_builder *builder = lb_builder_new();

    lb_builder_threads(builder, 1);
    lb_section_bind(lb_builder_listen(builder, "db", LB_MODE_TCP), "127.0.0.1:0");
    WORKS(lb_builder_start(builder, NULL, &proxy, &error), error);
    lb_builder_free(builder);
    CHECK(lb_proxy_listener_count(proxy) == 1);
    listener.struct_size = sizeof listener;
    WORKS(lb_proxy_listener(proxy, 0, &listener, &error), error);
    CHECK(!strcmp(listener.frontend, "db") && !strcmp(listener.address, "127.0.0.1") && listener.port > 0);
    FAILS(lb_proxy_listener(proxy, 1, &listener, &error), LB_ERR_RANGE, "no listener 1", error);
    listener.struct_size = 3;
    FAILS(lb_proxy_listener(proxy, 0, &listener, &error), LB_ERR_STRUCT_SIZE, "'listener'", error);

    /* An address that this machine does not have. */
    FAILS(lb_proxy_start_text("a", "listen db\n mode tcp\n bind 192.0.2.1:1\n", NULL, &other, &error), LB_ERR_START,
          "Binding [a:3] for proxy db", error);
    CHECK(!other);

    WORKS(lb_proxy_command(proxy, "show backend", &reply, &error), error);
    CHECK(!strcmp(reply, "# name\ndb\n"));
    lb_string_free(reply);
    WORKS(lb_proxy_command(proxy, "show backend", NULL, &error), error);
    FAILS(lb_proxy_command(proxy, "show nothing", &reply, &error), LB_ERR_COMMAND_UNKNOWN, "nknown command", error);
    CHECK(!reply);
    FAILS(lb_proxy_command(proxy, NULL, &reply, &error), LB_ERR_NULL, "'command' is null", error);
    FAILS(lb_proxy_command(proxy, "\377", &reply, &error), LB_ERR_ENCODING, "'command'", error);

    CHECK(lb_proxy_is_finished(proxy) == 0);
    WORKS(lb_proxy_soft_stop(proxy, &error), error);
    WORKS(lb_proxy_wait(proxy, &error), error);
    CHECK(lb_proxy_is_finished(proxy) == 1);
    WORKS(lb_proxy_drain(proxy, 1000, &complete, &error), error);
    CHECK(complete == 1);
    WORKS(lb_proxy_stop(proxy, &error), error);
    WORKS(lb_proxy_stop(proxy, NULL), error);
    WORKS(lb_proxy_command(proxy, "show backend", &reply, &error), error);
    lb_string_free(reply);
    lb_proxy_free(proxy);

    WORKS(lb_proxy_start_text("a", GOOD, NULL, &proxy, NULL), error);
    lb_proxy_free(proxy);
}

int main(void) {
    versions();
    nulls();
    builders_remember();
    servers();
    places();
    warnings();
    after_the_end();
    puts("done");
    return 0;
}
