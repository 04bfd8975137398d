"""Reports for CI systems: GitHub annotations, JUnit, SARIF."""
