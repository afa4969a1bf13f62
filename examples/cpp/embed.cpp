// A load balancer as a C++ object: ./embed PORT, until its input ends. Errors are exceptions, ends are destructors.
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "lb.h"

namespace lb {

class error : public std::runtime_error {
public:
    // Takes over what a function left behind.
    explicit error(lb_error *from) : std::runtime_error(lb_error_text(from)), code_(lb_error_code(from)) {
        lb_error_free(from);
    }
    lb_status code() const { return code_; }

private:
    lb_status code_;
};

template <typename Call, typename... Arguments> void check(Call call, Arguments... arguments) {
    lb_error *failure = nullptr;
    if (call(arguments..., &failure) != LB_OK)
        throw error(failure);
}

class proxy {
public:
    using event_handler = std::function<void(const lb_event &)>;

    explicit proxy(const std::string &text, event_handler handler = nullptr) : handler_(new event_handler(std::move(handler))) {
        lb_start_options options = LB_START_OPTIONS_INIT;
        if (*handler_) {
            options.on_event = &proxy::on_event;
            options.user_data = handler_.get();
        }
        lb_proxy *started = nullptr;
        check(lb_proxy_start_text, "embed.cfg", text.c_str(), &options, &started);
        handle_.reset(started);
    }

    std::string command(const std::string &text) const {
        char *reply = nullptr;
        check(lb_proxy_command, handle_.get(), text.c_str(), &reply);
        std::unique_ptr<char, void (*)(char *)> owned(reply, lb_string_free);
        return owned.get();
    }

    bool drain(std::uint64_t limit_ms) const {
        std::int32_t complete = 0;
        check(lb_proxy_drain, handle_.get(), limit_ms, &complete);
        return complete != 0;
    }

private:
    // No exception may leave a callback.
    static void on_event(void *handler, const lb_event *event) noexcept {
        try {
            (*static_cast<event_handler *>(handler))(*event);
        } catch (...) {
        }
    }

    struct free {
        void operator()(lb_proxy *proxy) const { lb_proxy_free(proxy); }
    };

    // Freed after the instance, whose callbacks use it.
    std::unique_ptr<event_handler> handler_;
    std::unique_ptr<lb_proxy, free> handle_;
};

} // namespace lb

int main(int argc, char **argv) {
    const std::string port = argc > 1 ? argv[1] : "8080";
    try {
        lb::proxy proxy("global\n"
                        "    nbthread 1\n"
                        "defaults\n"
                        "    mode http\n"
                        "    timeout client 10s\n"
                        "listen web\n"
                        "    bind 127.0.0.1:" + port + "\n"
                        "    http-request return status 200 content-type text/plain string \"Hello from C++\\n\"\n",
                        [](const lb_event &event) { std::cout << "event: " + std::string(event.text) + "\n" << std::flush; });
        std::cout << proxy.command("show backend") + "listens on 127.0.0.1:" + port + "\n" << std::flush;
        while (std::cin.get() != EOF) {
        }
        std::cout << (proxy.drain(5000) ? "everything was served\n" : "some connections were cut\n") << std::flush;
        try {
            proxy.command("show nothing");
        } catch (const lb::error &error) {
            std::cout << lb_status_name(error.code()) << "\n";
        }
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    return 0;
}
