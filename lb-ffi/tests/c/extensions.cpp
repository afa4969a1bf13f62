// Extensions written in C++: functions without a capture, and an object of the program behind them.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include "lb.h"

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            std::exit(1);                                                            \
        }                                                                            \
    } while (0)

struct Names {
    static int alive;
    std::map<std::string, std::string> owners;
    std::mutex lock;

    Names() { alive++; }
    ~Names() { alive--; }
};

int Names::alive = 0;

static void owner(void *user_data, const lb_value *value, const lb_arguments *, lb_result *result) {
    Names *names = static_cast<Names *>(user_data);
    std::lock_guard<std::mutex> held(names->lock);
    auto found = names->owners.find(std::string(reinterpret_cast<const char *>(value->bytes.data), value->bytes.size));

    if (found != names->owners.end())
        lb_result_text(result, found->second.c_str());
}

static void forget(void *user_data) { delete static_cast<Names *>(user_data); }

int main() {
    lb_extensions *extensions = lb_extensions_new();
    lb_extension extension = LB_EXTENSION_INIT;
    lb_error *error = nullptr;
    lb_proxy *proxy = nullptr;
    lb_start_options options = LB_START_OPTIONS_INIT;
    Names *names = new Names;

    names->owners["blue"] = "anna";
    extension.name = "owner";
    extension.user_data = names;
    extension.free_user_data = forget;
    CHECK(lb_extensions_converter(extensions, &extension, LB_TYPE_STRING, LB_TYPE_STRING, owner, &error) == LB_OK);
    // A second one of that name is refused, and its data stays ours.
    CHECK(lb_extensions_converter(extensions, &extension, LB_TYPE_STRING, LB_TYPE_STRING, owner, &error) ==
          LB_ERR_ARGUMENT);
    lb_error_free(error);
    CHECK(Names::alive == 1);

    options.extensions = extensions;
    CHECK(lb_proxy_start_text("a.cfg", "global\n set-var proc.owner str(blue),owner\n"
                              "backend b\n mode http\n http-request set-header x %[str(red),owners]\n", &options, &proxy, &error) ==
          LB_ERR_CONFIG);
    lb_error_free(error);
    CHECK(lb_proxy_start_text("a.cfg", "global\n set-var proc.owner str(blue),owner\n"
                              "backend b\n mode http\n http-request set-header x %[str(red),owner]\n", &options, &proxy,
                              &error) == LB_OK);
    lb_extensions_free(extensions);
    CHECK(Names::alive == 1);
    lb_proxy_free(proxy);
    CHECK(Names::alive == 0);
    std::puts("done");
    return 0;
}
