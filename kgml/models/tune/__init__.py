"""What ``kgml tune`` calls: options searched by Optuna, test rows never seen."""
