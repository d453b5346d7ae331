"""What the prefilter may have lost, told wherever it rejected anything.

Does not belong here: measuring it (`test_prefilter.py` does), looking at texts (`stages/prefilter.py`).
"""

from gem_assets.display import figures
from gem_assets.intervals import highest_share
from gem_assets.settings import PrefilterSettings


def told_loss(rejected: int, settings: PrefilterSettings) -> str | None:
    """Tell how many procedures it lost of those it was measured on; None where it rejected nothing."""
    if not rejected:
        return None
    lost, measured = settings.measured_lost, settings.measured_procedures
    most = figures.share(highest_share(lost, measured))
    return (
        f"The prefilter rejected {figures.things(rejected, 'document')} before any model saw them. "
        f"Of {measured} labelled procedures it was measured on ({', '.join(settings.languages)}) "
        f"it lost {lost}: {figures.share(lost / measured)} of recall, at most {most} at 95 % confidence. "
        "Texts in other languages pass it."
    )
