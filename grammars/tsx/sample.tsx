import { memo, type ReactNode } from "react";
import { Row } from "./Row";

interface Props {
  title: string;
  children?: ReactNode;
}

type Filter = "all" | "open";

const LABELS: Record<Filter, string> = {
  all: "All",
  open: "Open",
};

/** A list with a title. */
export const List = ({ title, children }: Props) => {
  const handleKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") submit(title);
  };

  return (
    <section onKeyDown={handleKey}>
      <h2>{LABELS.all}: {title}</h2>
      <Row<Filter> kind="open">{children}</Row>
    </section>
  );
};

export const Fast = memo((props: Props) => <List {...props} />);

export class Boundary extends Component<Props> {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render(): ReactNode {
    return this.state.failed ? <Fallback /> : this.props.children;
  }
}

export default function App() {
  return (
    <Boundary title="tasks">
      <List title="tasks" />
    </Boundary>
  );
}
