"""An invented site of ads with every trap a collector meets, and a small server for it. It changes between visits."""
