"""What a diagnosis is made of: findings, verdicts, settings, baselines, links to source."""
