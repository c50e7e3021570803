//! Forms: RFC 6749 appendix B. What is read is what a client that encodes it again would have sent.
#![no_main]

use bytes::Bytes;
use latchkey_oauth::form::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let request = http::Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let read = Form::read(&parts, &Bytes::copy_from_slice(data));
    assert_eq!(read.is_ok(), data.len() <= 65_536 && Form::parse(data).is_ok());
    let Ok(form) = read else { return };
    for name in ["grant_type", "username", "password", "scope", "token", "client_id"] {
        let values: Vec<&str> = form.all(name).collect();
        // RFC 6749 section 3.2: no parameter twice, and one without a value is none.
        assert!(values.len() <= 1 && values.iter().all(|value| !value.is_empty()));
        assert!(values.iter().all(|value| !value.contains('\0')));
    }
    assert!(form.all("resource").count() <= 64);
});
