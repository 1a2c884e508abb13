"""A client that a public generator made from openapi.yaml, at work on an emulator.

Run it with:
openapi-python-client generate --path openapi.yaml --meta none --output-path generated
python generated_client.py
"""

from generated import Client
from generated.api.instance import get_instance
from generated.api.power import pause_instance, start_instance
from generated.models import Error, Instance

from emulator.testing import running

PLACE = {"org_name": "Acme", "env_name": "Prod", "host_name": "web1"}

with running() as hypervisor:
    hypervisor.add("Acme/Prod/web1", state="RUNNING")
    with Client(base_url=hypervisor.url) as client:
        assert pause_instance.sync_detailed(client=client, **PLACE).status_code == 202

        instance = get_instance.sync(client=client, **PLACE)
        assert isinstance(instance, Instance)
        print("the generated client sees", instance.state)

        refusal = start_instance.sync(client=client, **PLACE)
        assert isinstance(refusal, Error)
        print("and is told:", refusal.error[0])
    hypervisor.requests("pauseInstance", host="web1").once()
