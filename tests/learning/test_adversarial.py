import pytest
import torch

from bidsapp.learning.adversarial import gradient_penalty, hinge, opponent


def test_hinge_is_zero_beyond_the_margins_and_two_for_a_critic_who_cannot_tell():
    far = torch.full((4,), 1.5)
    assert hinge(far, -far).item() == 0
    assert hinge(torch.zeros(4), torch.zeros(4)).item() == 2
    assert hinge(-far, far).item() == 5


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_penalty_of_a_linear_critic_is_the_square_of_its_slope_less_one(slope, penalty):
    direction = torch.zeros(1, 2, 3)
    direction[0, 0, 0] = slope
    real, drawn = torch.randn(5, 1, 2, 3), torch.randn(5, 1, 2, 3)
    found = gradient_penalty(lambda x: (x * direction).flatten(1).sum(1), real, drawn)
    assert found.item() == pytest.approx(penalty, abs=1e-5)


def test_penalty_teaches_the_critic_and_not_the_generator():
    critic, drawn = torch.nn.Linear(3, 1), torch.randn(5, 3, requires_grad=True)
    gradient_penalty(lambda x: critic(x)[:, 0], torch.randn(5, 3), drawn).backward()
    assert critic.weight.grad.abs().sum() > 0
    assert drawn.grad is None


def test_through_an_opponent_gradients_reach_the_input_alone():
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    inputs = torch.randn(8, 3, requires_grad=True)
    opponent(network, inputs).square().sum().backward()
    assert inputs.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in network.parameters())
    assert network[1].running_mean.abs().sum() == 0
    assert torch.equal(opponent(network, inputs), network(inputs))


def test_one_scalar_gives_each_player_the_gradient_of_its_own_loss():
    torch.manual_seed(0)
    generator, critic = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    real, chance = torch.randn(6, 3), torch.randn(6, 2)

    def gradients(loss, *players):
        weights = [player.weight for player in players]
        return torch.autograd.grad(loss, weights, allow_unused=True)

    drawn = generator(chance)
    both = hinge(critic(real), critic(drawn.detach())) - opponent(critic, drawn).mean()
    ours, theirs = gradients(both, generator, critic)
    assert torch.equal(ours, gradients(-critic(generator(chance)).mean(), generator)[0])
    assert torch.equal(theirs, gradients(hinge(critic(real), critic(generator(chance))), critic)[0])
