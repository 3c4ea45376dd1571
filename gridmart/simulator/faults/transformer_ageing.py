"""变压器老化: a transformer is near its end of life: it loses more, runs hotter and fails more often."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number
from gridmart.simulator.population import Population

FAULT = Fault(
    name="transformer_ageing",
    title_zh="变压器老化",
    title_en="Ageing transformer",
    stage="system",
    scope="span",
    rate=0.02,
    per="public transformer",
    what="`factor` is its state (0 new, 1 end of life) during the whole history: technical loss, oil temperature and "
    "the rate of failures follow it",
    found_by="oil temperature above what load and air explain; loss; failures",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """The oldest public transformers are the likelier ones."""
    people, rng = drawing.population, drawing.stream(FAULT.name)
    public = people.transformers[people.transformers["ownership"].eq("public")]
    weight = 0.1 + public["ageing"].to_numpy(float)
    count = number(rng, rate, len(public), at_least_one=True)
    chosen = np.sort(rng.choice(len(public), count, replace=False, p=weight / weight.sum()))
    return instances(
        FAULT,
        system="network",
        entity="transformer",
        entity_no=public["transformer_no"].to_numpy()[chosen],
        from_date=np.array([drawing.first] * count, dtype=object),
        factor=np.round(rng.uniform(0.88, 1.0, count), 2),
    )


def aged(population: Population, rows: pd.DataFrame) -> Population:
    """The utility whose transformers are in the state that the instances give them; doing it twice changes nothing."""
    if not len(rows):
        return population
    state = population.transformers["transformer_no"].map(dict(zip(rows["entity_no"], rows["factor"], strict=True)))
    ageing = np.fmax(population.transformers["ageing"].to_numpy(float), state.to_numpy(float))
    return replace(population, transformers=population.transformers.assign(ageing=ageing))
