"""The sample company, prepared and planned once."""

import pytest
from company import inputs_of, plan_of


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """The inputs of the sample company."""
    return inputs_of(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def plan(company):
    """Its plan, with limits and people."""
    return plan_of(company)
