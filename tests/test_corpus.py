from pathlib import Path


def test_the_recorded_traffic_is_there(corpus: Path) -> None:
    """Replays are collected from the folder, and an empty folder would collect none without a word."""
    assert any(corpus.glob("dev/*/*.response.bin"))
