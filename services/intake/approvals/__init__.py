"""What an approver and the joint meeting read and are answered."""
