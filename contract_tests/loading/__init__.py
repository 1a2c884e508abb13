"""Load with judgement: many users walk the lifecycle, each answer is held against the contract. Locust drives them."""
