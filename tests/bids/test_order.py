from bidsapp.bids.order import order_sessions


def test_times_go_before_labels():
    sessions = [("1", {"acq_time": "2021-05-01T10:00:00"}), ("2", {"acq_time": "2020-05-01T10:00:00"})]
    assert order_sessions(sessions) == (1, 0)


def test_numbers_in_labels_count_as_numbers():
    assert order_sessions([("M12", {}), ("M00", {}), ("M6", {})]) == (1, 2, 0)


def test_words_have_no_order():
    assert order_sessions([("baseline", {}), ("followup", {})]) is None


def test_equal_times_or_numbers_have_no_order():
    assert order_sessions([("a", {"acq_time": "2020-01-01"}), ("b", {"acq_time": "2020-01-01"})]) is None
    assert order_sessions([("01", {}), ("1", {})]) is None


def test_one_session_with_a_number_is_the_first():
    assert order_sessions([("1", {})]) == (0,)
