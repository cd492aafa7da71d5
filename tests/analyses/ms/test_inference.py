import pytest
import torch

from bidsapp.analyses.ms.inference import both


def test_the_logit_of_both_is_that_of_the_product_of_probabilities():
    first, second = torch.meshgrid(torch.linspace(-8, 8, 9), torch.linspace(-8, 8, 9), indexing="ij")
    product = first.double().sigmoid() * second.double().sigmoid()
    assert both(first, second).numpy() == pytest.approx(torch.logit(product).numpy(), abs=1e-4)


def test_sure_logits_stay_finite():
    sure = torch.tensor([-80.0, 80.0])
    assert torch.isfinite(both(sure[:, None], sure[None])).all()
