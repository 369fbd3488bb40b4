"""Policy gateways: processes that assess what passes a border."""
