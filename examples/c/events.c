/* What happens in a load balancer, and each request it serves: ./events PORT, until its input ends. */
#include <stdio.h>

#include "lb.h"

static void on_event(void *user_data, const lb_event *event) {
    (void)user_data;
    printf("event %u: %s\n", (unsigned)event->kind, event->text);
    fflush(stdout);
}

static void on_log(void *user_data, const lb_log_record *record) {
    unsigned long long *requests = user_data;

    ++*requests;
    printf("request %llu: \"%s\" from %s: status %u, %s, %.1f ms\n", *requests, record->request,
           record->client ? record->client : "unix", (unsigned)record->status, record->termination,
           (double)record->total_us / 1000.0);
    fflush(stdout);
}

int main(int argc, char **argv) {
    unsigned long long requests = 0;
    lb_start_options options = LB_START_OPTIONS_INIT;
    lb_builder *builder = lb_builder_new();
    lb_section *defaults = lb_builder_defaults(builder, LB_MODE_HTTP);
    lb_section *web = lb_builder_listen(builder, "web", LB_MODE_HTTP);
    lb_server server = LB_SERVER_INIT;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_listener listener;
    char address[64];

    lb_section_timeout(defaults, "client", 30000);
    lb_section_timeout(defaults, "server", 30000);
    lb_section_timeout(defaults, "connect", 1000);
    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    lb_section_bind(web, address);
    lb_section_line(web, "http-request return status 200 content-type text/plain string \"seen\\n\"");
    /* Nobody listens there: the checks will tell. */
    server.name = "s1";
    server.address = "127.0.0.1:1";
    server.flags = LB_SERVER_CHECK;
    server.check_interval_ms = 200;
    lb_section_server(web, &server);

    /* Both functions are called from one thread of the instance. It has ended when lb_proxy_free() returns. */
    options.on_event = on_event;
    options.on_log = on_log;
    options.user_data = &requests;
    if (lb_builder_start(builder, &options, &proxy, &error) != LB_OK) {
        fprintf(stderr, "%s\n", lb_error_text(error));
        lb_error_free(error);
        lb_builder_free(builder);
        return 1;
    }
    lb_builder_free(builder);
    listener.struct_size = sizeof listener;
    if (lb_proxy_listener(proxy, 0, &listener, NULL) == LB_OK)
        printf("listens on %s:%u\n", listener.address, (unsigned)listener.port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    lb_proxy_free(proxy);
    printf("%llu requests\n", requests);
    return 0;
}
