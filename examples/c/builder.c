/* A load balancer from calls: ./builder PORT SERVER... balances over the servers until its input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "lb.h"

int main(int argc, char **argv) {
    lb_builder *builder = lb_builder_new();
    lb_section *web, *app;
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_listener listener;
    char text[64];
    int index;

    /* No status is looked at here: what is wrong is told when the builder is started. */
    lb_builder_threads(builder, 2);
    lb_builder_maxconn(builder, 1000);

    web = lb_builder_frontend(builder, "web", LB_MODE_HTTP);
    snprintf(text, sizeof text, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    lb_section_bind(web, text);
    lb_section_default_backend(web, "app");
    lb_section_timeout(web, "client", 30000);
    lb_section_timeout(web, "http-request", 5000);
    lb_section_option(web, "forwardfor");
    lb_section_log(web, "stdout format raw local0");

    app = lb_builder_backend(builder, "app", LB_MODE_HTTP);
    lb_section_balance(app, "leastconn");
    lb_section_timeout(app, "connect", 2000);
    lb_section_timeout(app, "server", 30000);
    for (index = 2; index < argc; index++) {
        lb_server server = LB_SERVER_INIT;
        snprintf(text, sizeof text, "s%d", index - 1);
        server.name = text;
        server.address = argv[index];
        server.maxconn = 100;
        server.flags = LB_SERVER_CHECK;
        lb_section_server(app, &server);
    }
    if (argc < 3)
        lb_section_line(app, "http-request return status 200 content-type text/plain string \"no servers\\n\"");

    if (lb_builder_start(builder, NULL, &proxy, &error) != LB_OK) {
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
    return 0;
}
