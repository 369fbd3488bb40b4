"""What fibres counted before switches were restarted counts as well."""

from corridor.experiments.account.machine_counters import Counted
from corridor.experiments.lab.account_readings import counting_all


def test_what_fibres_counted_before_each_restart_is_added():
    last = Counted(1, 2, {"a": 3}, {"a": {"sent": 5, "dropped": 1}})
    before = [{"a": {"sent": 10, "dropped": 0}}, {"a": {"sent": 20, "dropped": 4}}]
    assert counting_all(last, before) == Counted(1, 2, {"a": 3}, {"a": {"sent": 35, "dropped": 5}})
    assert counting_all(last, []) == last
