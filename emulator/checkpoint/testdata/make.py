# SPDX-License-Identifier: BSD-3-Clause
# Makes the samples of this folder with PyTorch; README.md says what each is for.
# Every element of a tensor is a small number that says where it belongs.
import collections
import os

import torch
from safetensors.torch import save_file


class Net(torch.nn.Module):
    """A stand-in for the original's layers: names nest in the same way."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Conv3d(1, 2, 3), torch.nn.BatchNorm3d(2)])
        self.to_lat = torch.nn.Linear(4, 3)


def fill(net):
    with torch.no_grad():
        for t, v in enumerate(net.state_dict().values()):
            v.copy_((1000 * t + torch.arange(v.numel())).reshape(v.shape))
    return net


here = os.path.dirname(os.path.abspath(__file__))
net = fill(Net())
state = net.state_dict()
torch.save(state, f"{here}/bare.pth")
torch.save(collections.OrderedDict(("module." + k, v) for k, v in state.items()), f"{here}/module.pth")

optimizer = torch.optim.Adam(net.parameters(), lr=4e-4)
net.to_lat(torch.ones(1, 4)).sum().backward()
optimizer.step()
fill(net)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 40)
torch.save({"epoch": 7, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
            "schedular_state_dict": scheduler.state_dict(), "current_maxrel": 12.5}, f"{here}/nested.pth")

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
torch.save({"transposed": base.t(), "window": base[1:3, 2:4], "row": base[2], "double": base[:2, :2].double().clone(),
            "bf16": base[0].bfloat16().clone(), "long": torch.tensor([1, -2, 3]), "scalar": torch.tensor(5),
            "empty": torch.zeros(0, 3), "parameter": torch.nn.Parameter(base[0, :2].clone())}, f"{here}/views.pth")
torch.save(state, f"{here}/legacy.pth", _use_new_zipfile_serialization=False)
torch.save(net, f"{here}/whole_module.pth")
torch.save({"weights": torch.ones(2, dtype=torch.float16)}, f"{here}/half.pth")
save_file({"b": base[:2, :3].contiguous(), "a": torch.tensor([1, 2]), "half": base[0, :3].bfloat16().contiguous(),
           "double": torch.tensor([0.1], dtype=torch.float64), "scalar": torch.tensor(3)}, f"{here}/sample.safetensors",
          metadata={"format": "pt", "note": "ν"})
