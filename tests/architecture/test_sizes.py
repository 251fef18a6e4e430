from tests.architecture import sizes


def test_no_file_and_no_function_is_too_large() -> None:
    assert sizes.too_large() == []
