import torch

from bidsapp.networks.attention import GatedAttention, masked_softmax
from bidsapp.networks.instances import InstanceNetwork


def test_softmax_over_those_there_is_softmax_without_the_others():
    scores = torch.tensor([[1.0, torch.nan, 2.0, torch.inf], [0.0, 0.0, 0.0, 0.0]])
    there = torch.tensor([[True, False, True, False], [False] * 4])
    weights = masked_softmax(scores, there)
    torch.testing.assert_close(weights[0, [0, 2]], torch.softmax(torch.tensor([1.0, 2.0]), 0))
    assert weights[0, [1, 3]].tolist() == [0, 0]
    assert weights[1].tolist() == [0, 0, 0, 0]


def test_attention_follows_the_equation_of_ilse_and_starts_from_the_mean():
    torch.manual_seed(0)
    attention = GatedAttention(3, hidden=4)
    members, there = torch.randn(2, 5, 3), torch.ones(2, 5, dtype=torch.bool)
    torch.testing.assert_close(attention(members, there)[0], members.mean(dim=1))

    torch.nn.init.normal_(attention.score.weight)
    v, u, w = attention.values, attention.gates, attention.score.weight[0]
    scores = [
        w @ (torch.tanh(v.weight @ h + v.bias) * torch.sigmoid(u.weight @ h + u.bias)) for h in members[0]
    ]
    expected = torch.softmax(torch.stack(scores), 0)
    pooled, weights = attention(members, there)
    torch.testing.assert_close(weights[0], expected)
    torch.testing.assert_close(pooled[0], expected @ members[0])


def test_contributions_of_instances_add_up_to_the_prediction():
    torch.manual_seed(0)
    network = InstanceNetwork(4, outputs=3)
    instances, there = torch.randn(5, 7, 4), torch.rand(5, 7) < 0.6
    there[0] = False
    explained = network(instances, there)
    torch.testing.assert_close(explained.contributions.sum(dim=1) + network.head.bias, explained.outputs)
    torch.testing.assert_close(explained.weights.sum(dim=1), there.any(dim=1).float())
    changed = network(instances.where(there[..., None], torch.nan), there)
    assert torch.equal(changed.outputs, explained.outputs)


def test_instances_learn_from_the_score_alone_where_it_comes_from():
    torch.manual_seed(0)
    instances = torch.randn(80, 12, 3)
    hurt = torch.randint(12, (80,))
    severity = 2 * torch.rand(80) + 1
    instances[torch.arange(80), hurt, 0] = 4.0
    instances[torch.arange(80), hurt, 1] = severity
    target = (severity - 2) / severity.std()
    network = InstanceNetwork(3)
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    there = torch.ones(80, 12, dtype=torch.bool)
    for _ in range(120):
        optimiser.zero_grad()
        loss = (network(instances, there).outputs[:, 0] - target).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.2 * target.square().mean()
    found = network(instances, there).weights.argmax(dim=1)
    assert (found == hurt).float().mean() > 0.9
