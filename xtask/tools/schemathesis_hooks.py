"""What the local front cannot pass on: cargo-lambda answers 500 by itself to a body or a header that is not UTF-8."""

import schemathesis


def _is_utf8(octets):
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


@schemathesis.hook
def filter_body(context, body):
    return not isinstance(body, bytes) or _is_utf8(body)


@schemathesis.hook
def filter_headers(context, headers):
    # As they are sent: an octet a character.
    values = (str(value) for value in (headers or {}).values())
    return all(_is_utf8(value.encode("latin-1", "replace")) for value in values)
