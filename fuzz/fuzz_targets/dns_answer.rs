//! Answers of nameservers: whatever comes, it is read or refused, and names in it are names.
#![no_main]

use lb_core::config::AddressFamily;
use lb_core::resolve::HostName;
use lb_core::resolve::message::{Kind, Record, id_of, question, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(name) = HostName::new("_http._tcp.app.test") else { return };
    for kind in [Kind::Address(AddressFamily::V4), Kind::Address(AddressFamily::V6), Kind::Service] {
        let Ok(records) = read(data, &name, kind) else { continue };
        assert!(id_of(data).is_some());
        for record in records {
            if let Record::Service(service) = record {
                assert_eq!(HostName::new(service.target.as_str()).as_ref(), Some(&service.target));
                assert!(question(1, &service.target, kind, 512).is_some());
            }
        }
    }
});
