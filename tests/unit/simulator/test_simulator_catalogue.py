"""The catalogue of faults: whole, documented, and kept apart."""

import ast
from collections import Counter
from pathlib import Path

from gridmart.settings import PROJECT_DIR
from gridmart.simulator import faults

REQUIRED = {
    "gap_meter", "gap_concentrator", "gap_area", "duplicate_row", "file_twice", "late_row", "out_of_order_file",
    "corrected_file", "clock_drift", "spike", "stuck_register", "register_rollover", "meter_swap", "wrong_ct_ratio",
    "unit_mixup", "wrong_transformer", "missing_in_cis", "missing_in_crm", "tariff_misapplied", "power_factor_misread",
    "bill_not_issued", "bill_twice", "payment_wrong_account", "transformer_overloaded", "transformer_ageing",
    "schema_change", "feed_stop",
}  # fmt: skip
FUNCTION = {"load": "effects", "meter": "metered", "reading": "apply", "file": "apply"}


def test_every_kind_of_fault_has_a_module_with_what_its_stage_needs() -> None:
    found = faults.modules()
    assert set(found) >= REQUIRED and len([name for name in found if name.startswith("theft_")]) >= 6
    for name, module in found.items():
        assert Path(module.__file__ or "").stem == name
        assert 0 < module.FAULT.rate <= 1 and module.FAULT.title_zh and module.FAULT.what and module.FAULT.found_by
        assert hasattr(module, "draw") and hasattr(module, FUNCTION.get(module.FAULT.stage, "draw")), name


def test_the_page_of_faults_is_the_catalogue() -> None:
    assert (PROJECT_DIR / "docs" / "faults.md").read_text(encoding="utf-8") == faults.page()


def test_planted_system_faults_are_read_by_a_system() -> None:
    """A fault of stage `system` that nothing reads would be in the truth and nowhere else."""
    words = Counter(
        node.value
        for path in (PROJECT_DIR / "gridmart" / "simulator").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    for name, module in faults.modules().items():
        if module.FAULT.stage == "system":
            assert words[name] > 1, f"{name} is planted, but read nowhere"
